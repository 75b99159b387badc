package compressed

import (
	"bytes"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// compress/flate inflates the data that a crafter writes.
func TestCraft(t *testing.T) {
	for _, first := range []bool{false, true} {
		z := bomb(first)
		if len(z) > 64<<10 {
			t.Errorf("a bomb has %d bytes, want at most %d", len(z), 64<<10)
		}
		n, err := io.Copy(io.Discard, inflate(string(z), []byte("abcd")))
		if err != nil || n < bombSize || n > bombSize+258 {
			t.Errorf("a bomb inflates to %d bytes, %v; want %d to %d", n, err, bombSize, bombSize+258)
		}
	}
	dict := bytes.Repeat([]byte("0123456789abcdef"), 2048)
	for _, d := range []uint{
		1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 13, 16, 17, 24, 25, 256, 257, 512, 513, 600, 4096, 4097, 24577, 32768,
	} {
		z := fixedBlock().match(d).endBlock().message()
		got, err := io.ReadAll(inflate(z, dict))
		want := append(bytes.Clone(dict[len(dict)-int(d):]), dict[len(dict)-int(d):]...)
		if d < 3 {
			want = append(want, want...)
		}
		if diff := cmp.Diff(want[:3], got); err != nil || diff != "" {
			t.Errorf("distance %d: %v; bytes differ (-want +got):\n%s", d, err, diff)
		}
	}
	z := fixedBlock().literals("a\xff").endBlock().stored(false, "bc").message()
	got, err := io.ReadAll(inflate(z, nil))
	if diff := cmp.Diff([]byte("a\xffbc"), got); err != nil || diff != "" {
		t.Errorf("literals and a stored block: %v; bytes differ (-want +got):\n%s", err, diff)
	}
}
