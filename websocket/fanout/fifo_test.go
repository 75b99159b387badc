package fanout

import (
	"math/rand/v2"
	"testing"
	"unsafe"
)

// A fifo does what a slice does, whatever the order of calls, and lets go of what it returns.
func TestFifo(t *testing.T) {
	for seed := range uint64(100) {
		rng := rand.New(rand.NewPCG(seed, 0))
		var f fifo
		var want []*Message
		var bytes int64
		for step := range 500 {
			if up := step/50%2 == 0; len(want) == 0 || rng.IntN(10) < 3 == !up {
				m := &Message{size: rng.Int64N(100)}
				f.push(m)
				want = append(want, m)
				bytes += m.size
			} else {
				if got := f.pop(); got != want[0] {
					t.Fatalf("seed %d, step %d: got another message", seed, step)
				}
				bytes -= want[0].size
				want = want[1:]
			}
			held := 0
			for _, m := range f.ring {
				if m != nil {
					held++
				}
			}
			if f.len != len(want) || held != len(want) || f.bytes != bytes {
				t.Fatalf("seed %d, step %d: got %d messages of %d bytes and %d in memory, want %d of %d",
					seed, step, f.len, f.bytes, held, len(want), bytes)
			}
			if len(want) == 0 && f.ring != nil {
				t.Fatalf("seed %d, step %d: an empty fifo holds memory", seed, step)
			}
		}
	}
}

// An idle Queue is as small as the documentation of the package says.
func TestQueueSize(t *testing.T) {
	if got := unsafe.Sizeof(Queue{}); got > 144 {
		t.Errorf("a Queue has %d bytes, want at most 144", got)
	}
}
