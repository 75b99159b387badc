//go:build unix

package bench

import (
	"cmp"
	"fmt"
	"slices"
)

// samples are measurements of one thing, one for each round.
type samples []float64

func (s samples) median() float64 { return quantile(s, 0.5) }

// String returns the median and the quartiles.
func (s samples) String() string {
	return fmt.Sprintf("%.2f (%.2f to %.2f)", s.median(), quantile(s, 0.25), quantile(s, 0.75))
}

// over returns s divided by o, round by round.
func (s samples) over(o samples) samples {
	r := make(samples, len(s))
	for i := range s {
		r[i] = s[i] / o[i]
	}
	return r
}

// quantile returns the smallest of all that is not smaller than a fraction q of all.
func quantile[T cmp.Ordered](all []T, q float64) T {
	return slices.Sorted(slices.Values(all))[min(int(q*float64(len(all))), len(all)-1)]
}
