// Package stats has the statistics of the benchmarks.
package stats

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Samples are measurements of one thing, one for each round.
type Samples []float64

// Median returns the median.
func (s Samples) Median() float64 { return Quantile(s, 0.5) }

// String returns the median and the quartiles.
func (s Samples) String() string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.Median(), Quantile(s, 0.25), Quantile(s, 0.75))
}

// Over returns s divided by o, round by round.
func (s Samples) Over(o Samples) Samples {
	r := make(Samples, len(s))
	for i := range s {
		r[i] = s[i] / o[i]
	}
	return r
}

// Quantile returns the smallest sample that is at least as large as a fraction q of the samples.
func Quantile[T cmp.Ordered](all []T, q float64) T {
	return slices.Sorted(slices.Values(all))[min(int(q*float64(len(all))), len(all)-1)]
}

// Interval returns bounds of the true median, for a confidence of at least 95 %. It is the binomial interval,
// which assumes only that rounds are independent. If there are fewer than 6 samples, no interval has that
// confidence, and the bounds are the smallest and the largest sample.
func (s Samples) Interval() (low, high float64) {
	sorted := slices.Sorted(slices.Values(s))
	n := len(sorted)
	skip := 0 // samples to skip at each end
	for tail := math.Exp2(-float64(n)); ; skip++ {
		tail += math.Exp2(-float64(n)) * binomial(n, skip+1)
		if 2*tail > 0.05 {
			break
		}
	}
	return sorted[skip], sorted[n-1-skip]
}

// binomial returns n over k.
func binomial(n, k int) float64 {
	r := 1.0
	for i := range k {
		r *= float64(n-i) / float64(i+1)
	}
	return r
}
