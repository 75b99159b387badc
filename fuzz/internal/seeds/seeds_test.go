package seeds

import (
	"bytes"
	"testing"
)

// TestFiles parses the files. A line that does not parse panics.
func TestFiles(t *testing.T) {
	var seen [2][2]int
	for _, s := range Streams() {
		if s.Case == "" || len(s.Data) == 0 {
			t.Errorf("case %q: a stream of %d bytes", s.Case, len(s.Data))
		}
		seen[index(s.FromClient)][index(s.Compressed)]++
	}
	t.Logf("streams: of servers %d plain, %d compressed, of clients %d and %d",
		seen[0][0], seen[0][1], seen[1][0], seen[1][1])
	if seen[0][0]*seen[0][1]*seen[1][0] == 0 {
		t.Error("a kind of stream is missing")
	}
	requests, responses := 0, 0
	for _, h := range Heads() {
		if h.Case == "" || h.Request && bytes.HasPrefix(h.Data, []byte("HTTP/")) {
			t.Errorf("case %s: %.40q", h.Case, h.Data)
		}
		if h.Request {
			requests++
		} else {
			responses++
		}
	}
	t.Logf("heads: %d requests, %d responses", requests, responses)
	if requests == 0 || responses == 0 {
		t.Error("a kind of head is missing")
	}
}

func index(b bool) int {
	if b {
		return 1
	}
	return 0
}
