package load

import (
	"math/bits"
	"time"
)

// Times are the times of many exchanges. It keeps each with an error of at most 1/32.
type Times struct {
	counts [64 * timesFine]int
	n      int
}

const timesFine = 32 // buckets from a power of two to the next

// Add adds a time.
func (t *Times) Add(d time.Duration) {
	t.counts[bucket(uint64(max(d, 0)))]++
	t.n++
}

// bucket returns the index of the bucket of n. Numbers below 2*timesFine have buckets of their own.
func bucket(n uint64) int {
	shift := max(bits.Len64(n)-6, 0)
	return shift*timesFine + int(n>>shift)
}

// least returns the smallest number in a bucket.
func least(bucket int) uint64 {
	shift := max(bucket/timesFine-1, 0)
	return uint64(bucket-shift*timesFine) << shift
}

// Quantile returns the time that a fraction q of the exchanges do not exceed.
func (t *Times) Quantile(q float64) time.Duration {
	rank := min(int(q*float64(t.n)), t.n-1)
	for i, n := range t.counts {
		if rank -= n; rank < 0 {
			return time.Duration(least(i))
		}
	}
	return 0
}

// Merge adds all times of o.
func (t *Times) Merge(o *Times) {
	for i, n := range o.counts {
		t.counts[i] += n
	}
	t.n += o.n
}
