package soak

import (
	"context"
	"sync/atomic"
	"time"
)

// stallWatch measures how long the machine lets this process wait. A machine that
// is too busy for seconds lets timeouts pass that nobody has earned, and whoever
// reads a verdict should know.
type stallWatch struct {
	longest atomic.Int64 // nanoseconds
}

// stallTick is how often it looks, and what it calls no stall.
const stallTick = 50 * time.Millisecond

// run watches until ctx ends.
func (s *stallWatch) run(ctx context.Context) {
	tick := time.NewTicker(stallTick)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		if late := int64(now.Sub(last) - stallTick); late > s.longest.Load() {
			s.longest.Store(late)
		}
		last = now
	}
}
