package redial

import (
	"math"
	"math/rand/v2"
	"time"
)

// limit returns the limit of the wait before an attempt, as Error.Attempt counts them.
func (o *Options) limit(attempt int) time.Duration {
	d := o.MinWait
	for range attempt - 1 {
		if d > o.MaxWait/2 {
			return o.MaxWait
		}
		d *= 2
	}
	return d
}

// wait returns the wait before an attempt: a random time below its limit, in addition to the time
// that the server has asked for.
func (o *Options) wait(attempt int, asked time.Duration) time.Duration {
	jitter := rand.N(o.limit(attempt))
	return min(asked, math.MaxInt64-jitter) + jitter
}
