package script

import (
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestParseConn checks that random bytes are scripts of a limited cost with one step a line
// in their String, and that every kind of step occurs.
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
	for k := Write; k <= Abort; k++ {
		if seen[k] == 0 {
			t.Errorf("no %v", k)
		}
	}
	if s := ParseConn(nil); len(s.Ops) != 0 || s.Link.Room == 0 {
		t.Errorf("%v", s)
	}
}

// TestConnInput checks that Input is the inverse of ParseConn.
func TestConnInput(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		b := make([]byte, rnd.IntN(400))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		want := ParseConn(b)
		if want.Sides[0].MaxWriteFrame == 1 || want.Sides[1].MaxWriteFrame == 1 {
			continue // ParseConn changes their sizes
		}
		if diff := cmp.Diff(want, ParseConn(want.Input())); diff != "" {
			t.Fatalf("the script changed (-want +got):\n%s", diff)
		}
	}
}

// TestParsePeer checks the same of peers.
func TestParsePeer(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	seen := make(map[StepKind]int)
	words := make(map[string]int)
	for range 1000 {
		b := make([]byte, rnd.IntN(400))
		for i := range b {
			b[i] = byte(rnd.Uint32())
		}
		s := ParsePeer(b)
		for _, step := range s.Steps {
			seen[step.Kind]++
			if step.Kind == Send {
				word, _, _ := strings.Cut(strings.TrimLeft(step.What, "0123456789 "), " ")
				words[strings.Trim(word, ":,")]++
			}
		}
		if n := len(s.Stream()); len(s.Steps) > maxSteps || n > 2*maxData {
			t.Fatalf("%d steps, %d bytes", len(s.Steps), n)
		}
		if text := s.String(); strings.Count(text, "\n") != len(s.Steps)+len(s.Writes)+3 {
			t.Fatalf("%q", text)
		}
	}
	for k := Send; k <= ConnAborts; k++ {
		if seen[k] == 0 {
			t.Errorf("no step of kind %d", k)
		}
	}
	for _, word := range []string{
		"message", "ping", "pong", "close", "frame", "frames", "header", "bytes", "compressed", "bomb",
	} {
		if words[word] == 0 {
			t.Errorf("no %s", word)
		}
	}
	if s := ParsePeer(nil); len(s.Steps) != 0 || s.Link.Room == 0 {
		t.Errorf("%v", s)
	}
}
