package tally

import (
	"math/rand/v2"
	"sync"
	"testing"
)

// A Counter has the same sums as three integers, whatever is added.
func TestCounter(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c Counter
	var want Count
	for i := range 200_000 {
		n := []int64{0, 1, 125, 64 << 10, 1 << 30, maxBytes - 1, maxBytes, 3 * maxBytes}[r.IntN(8)]
		var s Step
		if r.IntN(3) > 0 {
			s += Message
			want.Messages++
		}
		if r.IntN(2) == 0 {
			s += Frame
			want.Frames++
		}
		want.Bytes += n
		c.Add(n, s)
		if i%100 == 0 {
			if got := c.Load(); got != want {
				t.Fatalf("after %d steps: got %+v, want %+v", i+1, got, want)
			}
		}
	}
}

// Each part of a sum stays exact as it reaches its reserve, whatever the others are.
func TestCounterReserve(t *testing.T) {
	for _, bytes := range []int64{0, 1, maxBytes - 1, maxBytes} {
		for _, s := range []Step{0, Frame, Message, Frame + Message} {
			var c Counter
			each := Count{}.plus(s)
			for n := int64(1); n <= 3<<countBits; n++ {
				c.Add(bytes, s)
				if got, want := c.Load(), (Count{n * each.Messages, n * each.Frames, n * bytes}); got != want {
					t.Fatalf("%d times %d bytes and %+v: got %+v, want %+v", n, bytes, each, got, want)
				}
			}
		}
	}
}

// A reader never sees a sum that is too large, or that goes back, even while a sum is being transferred.
func TestCounterConcurrent(t *testing.T) {
	const steps = 5 << countBits
	var c Counter
	var all sync.WaitGroup
	for range 2 {
		all.Go(func() {
			for last := (Count{}); last.Messages < steps; {
				got := c.Load()
				if got.Messages < last.Messages || got.Messages > steps || got.Frames != got.Messages || got.Bytes != 7*got.Messages {
					t.Errorf("got %+v after %+v", got, last)
					return
				}
				last = got
			}
		})
	}
	for range steps {
		c.Add(7, Frame+Message)
	}
	all.Wait()
}
