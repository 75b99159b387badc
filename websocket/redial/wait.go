package redial

import (
	"math"
	"math/rand/v2"
	"time"
)

// limit returns the limit of the wait before an attempt. Error.Attempt counts attempts.
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

// wait returns the wait before an attempt: the time that the server has asked for, plus a random
// time below the limit of the attempt. The limit is at least half of the time asked for, because an
// overloaded server asks all its clients for the same time.
func (o *Options) wait(attempt int, asked time.Duration) time.Duration {
	jitter := rand.N(max(o.limit(attempt), asked/2))
	return min(asked, math.MaxInt64-jitter) + jitter
}
