//go:build unix

package bench

import (
	"slices"
	"testing"
)

func TestSamples(t *testing.T) {
	s := samples{4, 1, 3, 5, 2}
	if got, want := s.String(), "3.00 (2.00 to 4.00)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := s.over(samples{2, 1, 1, 5, 4}), (samples{2, 1, 3, 1, 0.5}); !slices.Equal(got, want) {
		t.Errorf("got ratios %v, want %v", []float64(got), []float64(want))
	}
	if got := quantile([]int{7}, 0.99); got != 7 {
		t.Errorf("the quantile of one measurement is %d, want 7", got)
	}
	if got := quantile(s, 1); got != 5 {
		t.Errorf("the largest is %v, want 5", got)
	}
}
