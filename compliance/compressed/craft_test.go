package compressed

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What the tests craft is what compress/flate takes it for.
func TestCraft(t *testing.T) {
	for _, first := range []bool{false, true} {
		z := bomb(first)
		if len(z) > 64<<10 {
			t.Errorf("a bomb of %d bytes", len(z))
		}
		n, err := io.Copy(io.Discard, inflate(z, []byte("abcd")))
		if err != nil || n < bombSize || n > bombSize+258 {
			t.Errorf("a bomb inflates to %d bytes, %v", n, err)
		}
	}
	dict := bytes.Repeat([]byte("0123456789abcdef"), 2048)
	for _, d := range []uint{1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 25, 256, 257, 512, 513, 600, 4096, 4097, 24577, 32768} {
		z := new(crafter).begin(false, 1).match(d).endBlock().message()
		got, err := io.ReadAll(inflate(z, dict))
		want := append(bytes.Clone(dict[len(dict)-int(d):]), dict[len(dict)-int(d):]...)
		if d < 3 {
			want = append(want, want...)
		}
		if diff := cmp.Diff(want[:3], got); err != nil || diff != "" {
			t.Errorf("from %d back: %v; bytes differ (-want +got):\n%s", d, err, diff)
		}
	}
	z := new(crafter).begin(false, 1).literals("a\xff").endBlock().stored(false, "bc").message()
	got, err := io.ReadAll(inflate(z, nil))
	if diff := cmp.Diff([]byte("a\xffbc"), got); err != nil || diff != "" {
		t.Errorf("literals and a stored block: %v; bytes differ (-want +got):\n%s", err, diff)
	}
}
