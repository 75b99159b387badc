package script

import (
	"math/rand/v2"
	"strings"
	"testing"
)

// Any bytes are a script, of a bounded cost, which prints itself, and every kind of
// step comes.
func TestParseConn(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := make(map[Kind]int)
	for range 500 {
		b := make([]byte, rnd.IntN(400))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		s := ParseConn(b)
		data := 0
		for i := range s.Ops {
			o := &s.Ops[i]
			seen[o.Kind]++
			data += o.Size()
			if o.Lane >= Lanes || o.Size() > 0 && o.Lane > Writer1 {
				t.Fatalf("%v", o)
			}
		}
		if len(s.Ops) > maxOps || data > maxData {
			t.Fatalf("%d steps, %d bytes", len(s.Ops), data)
		}
		if text := s.String(); strings.Count(text, "\n") != len(s.Ops)+4 {
			t.Fatalf("%q", text)
		}
	}
	for k := Write; k <= Drop; k++ {
		if seen[k] == 0 {
			t.Errorf("no %v", k)
		}
	}
	if s := ParseConn(nil); len(s.Ops) != 0 || s.Link.Room == 0 {
		t.Errorf("%v", s)
	}
}
