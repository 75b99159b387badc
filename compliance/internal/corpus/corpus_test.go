package corpus

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// committed is the directory of the files that package seeds reads.
const committed = "../../../fuzz/internal/seeds"

// The committed files match what cases of each kind produce. A stream may stop a little
// earlier or later, because the time at which a peer leaves varies.
func TestCommitted(t *testing.T) {
	cases, err := suite.Cases([]string{"1.1.*", "2.*", "3.*", "4.1.*", "5.1*", "6.4.*", "6.12.*", "7.1.*",
		"9.3.1",
		"12.1.1", "13.3.5", "H.1.*", "L.1.*", "X.1.*", "C.1.*"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	want, err := readCorpus(committed)
	if err != nil {
		t.Fatal(err)
	}
	made, err := Make(t.Context(), cases, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := made.Write(t.TempDir()); err != nil {
		t.Error(err)
	}
	for _, c := range cases {
		compare(t, c.ID, "made, but not committed", made.Streams, want.Streams)
		compare(t, c.ID, "committed, but no longer made", want.Streams, made.Streams)
		compare(t, c.ID, "made, but not committed", made.Heads, want.Heads)
		compare(t, c.ID, "committed, but no longer made", want.Heads, made.Heads)
	}
	if t.Failed() {
		t.Log("run in the root: go run ./compliance/cmd/wscheck corpus -out fuzz/internal/seeds")
	}
}

// compare reports the lines of a case that others lacks.
func compare(t *testing.T, id, what string, lines, others []Line) {
	for _, l := range lines {
		if slices.Contains(l.Cases, id) && !slices.ContainsFunc(others, func(o Line) bool {
			return o.Kind == l.Kind && slices.Contains(o.Cases, id) &&
				(bytes.HasPrefix(o.Data, l.Data) || bytes.HasPrefix(l.Data, o.Data))
		}) {
			t.Errorf("case %s, %s: %s: %.200q", id, l.Kind, what, l.Data)
		}
	}
}

// The committed files have every case of the suite, and a stream if the case must send frames.
func TestCommittedIsWhole(t *testing.T) {
	tooLong := []string{"H.5.20", "C.6.10"} // heads above maxHead
	c, err := readCorpus(committed)
	if err != nil {
		t.Fatal(err)
	}
	streams, heads := map[string]bool{}, map[string]bool{}
	for _, l := range c.Streams {
		for _, id := range l.Cases {
			streams[id] = true
		}
	}
	for _, l := range c.Heads {
		for _, id := range l.Cases {
			heads[id] = true
		}
	}
	cases, err := suite.Cases([]string{"*"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		frames := strings.ContainsAny(c.ID[:1], "123456789L")
		if frames && !streams[c.ID] || !streams[c.ID] && !heads[c.ID] && !slices.Contains(tooLong, c.ID) {
			t.Errorf("case %s is missing", c.ID)
		}
	}
}

// Each rule of canonical, with the smallest stream that shows it.
func TestCanonical(t *testing.T) {
	long := append([]byte("\x81\x7e\x03\xe8"), bytes.Repeat([]byte("ä"), 500)...)
	short := append([]byte("\x81\x7e\x00\xc0"), bytes.Repeat([]byte("ä"), 96)...)
	for _, test := range []struct{ name, raw, want string }{
		{"random key", "\x81\x85\x01\x02\x03\x04\x49\x67\x6f\x68\x6e",
			"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"},
		{"key of zeros", "\x81\x81\x00\x00\x00\x00x", "\x81\x81\x00\x00\x00\x00x"},
		{"half a key", "\x81\x81\x01\x02", "\x81\x81\x37\xfa"},
		{"top bit of a length", "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x05Hello",
			"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x05Hello"},
		{"long text", string(long), string(short)},
		{"equal frames", strings.Repeat("\x89\x00", 9) + "\x8a\x00", strings.Repeat("\x89\x00", maxAlike) +
			"\x8a\x00"},
		{"64-bit length", "\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", 1<<16),
			"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00" + strings.Repeat("x", maxPayload)},
		{"incomplete header", "\x81\x7e\x01", "\x81\x7e\x01"},
	} {
		if got := canonical([]byte(test.raw), false); string(got) != test.want {
			t.Errorf("%s: canonical(%q) = %q, want %q", test.name, test.raw, got, test.want)
		}
	}
}
