// Package tally counts the traffic of a connection.
package tally

import (
	"sync"
	"sync/atomic"
)

// A Count is a number of messages, frames and bytes.
type Count struct{ Messages, Frames, Bytes int64 }

// A Step is a small Count in one word: a number of bytes below maxBytes, plus Frame, Message or
// both.
type Step uint64

// The parts of a Step. In a Counter, the top bit of each part is a reserve, which keeps the part
// from overflowing into the next one.
const (
	bytesBits, countBits = 34, 15

	Frame   Step = 1 << bytesBits
	Message Step = Frame << countBits

	maxBytes      = 1 << (bytesBits - 1)
	reserves Step = 1<<63 | Message>>1 | Frame>>1
)

// A Counter is a sum to which one goroutine at a time may add, and which any number may read. Add is
// called for every message, so it usually takes only one atomic operation. The zero value is zero.
type Counter struct {
	recent atomic.Uint64 // a Step: the part of the sum that is not in old
	mu     sync.Mutex    // guards old, and the transfer from recent to it
	old    *Count        // nil: zero
}

// Add adds n bytes and s.
func (c *Counter) Add(n int64, s Step) {
	if n >= maxBytes {
		c.transfer(n)
		n = 0
	}
	if Step(c.recent.Add(uint64(n)+uint64(s)))&reserves != 0 {
		c.transfer(0)
	}
}

// transfer moves recent to old, and adds n bytes.
func (c *Counter) transfer(n int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.old == nil {
		c.old = new(Count)
	}
	*c.old = c.old.plus(Step(c.recent.Swap(0)))
	c.old.Bytes += n
}

// Load returns the sum.
func (c *Counter) Load() Count {
	c.mu.Lock()
	defer c.mu.Unlock()
	var sum Count
	if c.old != nil {
		sum = *c.old
	}
	return sum.plus(Step(c.recent.Load()))
}

func (c Count) plus(s Step) Count {
	c.Bytes += int64(s % Frame)
	c.Frames += int64(s % Message / Frame)
	c.Messages += int64(s / Message)
	return c
}
