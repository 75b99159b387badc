package bucket

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// Take agrees with a bucket that is filled one token at a time.
func TestTake(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for _, max := range []int{1, 2, 10, 1000} {
		b := Bucket{Max: max}
		now := time.Hour
		filled, tokens := now, max
		for i := range 100_000 {
			for ; filled+interval <= now; filled += interval {
				tokens = min(tokens+1, max)
			}
			if tokens == max {
				filled = now // the wait for the next token starts when the first is taken
			}
			want := tokens > 0
			if got := b.Take(now); got != want {
				t.Fatalf("max %d, frame %d: got %v, want %v", max, i, got, want)
			}
			if want {
				tokens--
			}
			now += time.Duration(random.ExpFloat64() * float64(interval) * []float64{0.1, 1, 3}[i/1000%3])
		}
	}
}

// Take works with the largest limit, and always succeeds with a negative one.
func TestExtremes(t *testing.T) {
	for _, max := range []int{math.MaxInt, math.MaxInt32, -1, math.MinInt} {
		b := Bucket{Max: max}
		for range 3000 {
			if !b.Take(time.Hour) {
				t.Fatalf("max %d: got false, want true", max)
			}
		}
	}
}
