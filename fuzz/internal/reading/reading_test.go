package reading

import (
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/wire"
)

// TestViolations checks that the model has every rule that a stream can break, with the
// same close code.
func TestViolations(t *testing.T) {
	seen := make(map[wire.Violation]bool)
	for rule, v := range Violations {
		seen[v] = true
		if int(v.Code()) != rule.Code() {
			t.Errorf("%s closes with %d, %v with %d", rule, rule.Code(), v, v.Code())
		}
	}
	for v := wire.ErrReservedBits; v < wire.ErrFieldSyntax; v++ {
		if !seen[v] {
			t.Errorf("the model has no rule for %v", v)
		}
	}
}

func TestChop(t *testing.T) {
	for _, tt := range []struct {
		n     int
		chops []byte
		want  []int
	}{
		{5, nil, []int{5}},
		{5, []byte{2}, []int{2, 2, 1}},
		{6, []byte{1, 0, 4}, []int{1, 0, 4, 1}},
		{2, []byte{0}, []int{0, 0, 0, 1, 0, 0, 0, 1}},
		{0, []byte{1}, nil},
	} {
		if diff := cmp.Diff(tt.want, Chop(tt.n, tt.chops)); diff != "" {
			t.Errorf("%d by %v (-want +got):\n%s", tt.n, tt.chops, diff)
		}
	}
}

// TestDifferences checks that readings that differ in anything are not the same.
func TestDifferences(t *testing.T) {
	read := func(stream string) *Reading {
		d := wire.Decoder{Role: wire.Client}
		r, err := Read(&d, []byte(stream), Chop(len(stream), []byte{1}))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	streams := []string{
		"\x81\x01a", "\x81\x01b", "\x82\x01a", "\x01\x01a", "\x81\x01a\x89\x00", "\x81\x02a",
		"\x81\x01a\xff", "\x81\x01a\x81\xff", "\x88\x00", "\x81\x02\xc3a", "\x81\x01\xff", "",
	}
	for i, a := range streams {
		for j, b := range streams {
			if err := Same(read(a), read(b)); (err == nil) != (i == j) {
				t.Errorf("% x and % x: %v", a, b, err)
			}
			m := model.Decode(Model(&wire.Decoder{Role: wire.Client}), []byte(b))
			if err := read(a).Against(&m); (err == nil) != (i == j) {
				t.Errorf("% x, and the model of % x: %v", a, b, err)
			}
		}
	}
	if err := read("\x88\x00").Err; err != io.EOF {
		t.Errorf("after a close frame: %v", err)
	}
}

// TestConfig checks that the numbers select limits of all kinds.
func TestConfig(t *testing.T) {
	var all []string
	for bits := uint32(0); bits < 1<<9; bits++ {
		d := Config(bits | 5<<9 | 2<<20 | 1<<24)
		m := Model(&d)
		if d.RSV|d.FrameRSV == 0 && d.Role == wire.Server {
			all = append(all, strings.Join([]string{
				sign(m.MaxFrame), sign(m.MaxMessage), sign(m.MaxEmptyFragments), sign(m.MaxControls)}, ""))
		}
	}
	if diff := cmp.Diff([]string{"-+++", "----", "-+++", "++++"}, all); diff != "" {
		t.Errorf("signs of the limits (-want +got):\n%s", diff)
	}
}

func sign(n int64) string {
	if n < 0 {
		return "-"
	}
	return "+"
}
