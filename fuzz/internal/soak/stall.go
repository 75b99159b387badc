package soak

import (
	"context"
	"sync/atomic"
	"time"
)

// stallWatch measures the longest time for which the machine did not run this process. If the machine
// stalls for seconds, that alone makes timeouts expire, so the report shows the longest stall.
type stallWatch struct {
	longest atomic.Int64 // nanoseconds
}

// stallTick is the interval of the measurement, and its resolution.
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
