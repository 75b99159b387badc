// Package bucket limits a rate with a token bucket.
package bucket

import "time"

// interval is the time after which a bucket gets one more token.
const interval = time.Second / 50

// A Bucket is a token bucket that holds up to Max tokens. If Max is negative, it never runs out.
type Bucket struct {
	Max  int
	Full time.Duration // when the bucket will be full, by the clock of Take
}

// Take takes a token at the time now, and reports whether there was one.
func (b *Bucket) Take(now time.Duration) bool {
	if b.Max < 0 {
		return true
	}
	b.Full = max(b.Full, now)
	if (b.Full-now+interval-1)/interval >= time.Duration(b.Max) {
		return false
	}
	b.Full += interval
	return true
}
