package bucket

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// The bucket agrees with one that is filled token by token.
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
				filled = now // the time of the next token counts from the first that is taken
			}
			want := tokens > 0
			if got := b.Take(now); got != want {
				t.Fatalf("max %d, frame %d: %v, want %v", max, i, got, want)
			}
			if want {
				tokens--
			}
			now += time.Duration(random.ExpFloat64() * float64(interval) * []float64{0.1, 1, 3}[i/1000%3])
		}
	}
}

// The largest limit is one, and none if it is negative.
func TestExtremes(t *testing.T) {
	for _, max := range []int{math.MaxInt, math.MaxInt32, -1, math.MinInt} {
		b := Bucket{Max: max}
		for range 3000 {
			if !b.Take(time.Hour) {
				t.Fatalf("max %d: refused", max)
			}
		}
	}
}
