package wstest

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// TestRing compares a ring with a bytes.Buffer.
func TestRing(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var r ring
	var twin bytes.Buffer
	next := byte(0)
	for i := range 20_000 {
		limit := 1 << random.IntN(17)
		if random.IntN(2) == 0 {
			p := make([]byte, min(random.IntN(limit), pipeRoom-r.len()))
			for i := range p {
				p[i] = next
				next = next*3 + 7 + byte(i>>8)
			}
			r.write(p)
			twin.Write(p)
		} else {
			p, want := make([]byte, random.IntN(limit)), make([]byte, limit)
			n := r.read(p)
			m, _ := twin.Read(want[:len(p)])
			if n != m || !bytes.Equal(p[:n], want[:m]) {
				t.Fatalf("step %d: %d bytes, want %d, or other ones", i, n, m)
			}
		}
		if r.len() != twin.Len() || len(r.buf) > pipeRoom || r.n == 0 && r.buf != nil {
			t.Fatalf("step %d: length %d, want %d, in %d bytes", i, r.len(), twin.Len(), len(r.buf))
		}
	}
}

// TestPipeHoldsNothing checks that a pipe has a buffer only for bytes that have not been read, and
// that a closed end has no timer.
func TestPipeHoldsNothing(t *testing.T) {
	a, b := Pipe()
	p := make([]byte, pipeRoom)
	check := func(when string, want int) {
		t.Helper()
		if got := len(a.(*end).in.bytes.buf) + len(b.(*end).in.bytes.buf); got != want {
			t.Errorf("%s: %d bytes, want %d", when, got, want)
		}
	}
	check("new", 0)
	a.Write(p[:100])
	check("after a write", 100)
	b.Read(p)
	check("after a read", 0)
	a.Write(p)
	b.Write(p)
	check("full", 2*pipeRoom)
	a.SetDeadline(time.Now().Add(time.Hour))
	timers := []*time.Timer{a.(*end).readBy.timer, a.(*end).writeBy.timer}
	a.Close()
	check("after a Close", 0)
	for i, timer := range timers {
		if timer.Stop() {
			t.Errorf("timer %d goes on", i)
		}
	}
}
