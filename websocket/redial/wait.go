package redial

import (
	"math"
	"math/rand/v2"
	"time"
)

// limit returns the limit of the wait before an attempt, the first of which has the number 1.
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

// wait returns a random time up to the limit of the attempt, added to the time that the server has
// asked for. The clients of a server that has told all of them the same time must not return all at
// once.
func (o *Options) wait(attempt int, asked time.Duration) time.Duration {
	jitter := rand.N(o.limit(attempt))
	return min(asked, math.MaxInt64-jitter) + jitter
}
