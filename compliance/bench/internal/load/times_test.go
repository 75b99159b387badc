package load

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Quantiles are those of the sorted times, up to 1/32 lower.
func TestTimes(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{1, 2, 10, 1000} {
		var ts, half Times
		var all []time.Duration
		for i := range n {
			d := time.Duration(r.Uint64() >> (1 + r.IntN(63)))
			all = append(all, d)
			if i%2 == 0 {
				ts.Add(d)
			} else {
				half.Add(d)
			}
		}
		ts.Merge(&half)
		slices.Sort(all)
		for _, q := range []float64{0, 0.1, 0.5, 0.99, 1} {
			want := all[min(int(q*float64(n)), n-1)]
			if got := ts.Quantile(q); got > want || want-got > want/32 {
				t.Errorf("quantile %v of %d times is %d, want %d or up to 1/32 less", q, n, got, want)
			}
		}
	}
}

func TestTimesNone(t *testing.T) {
	if got := new(Times).Quantile(0.5); got != 0 {
		t.Errorf("got %v, want 0", got)
	}
}
