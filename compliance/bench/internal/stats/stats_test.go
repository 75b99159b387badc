package stats

import (
	"math/bits"
	"slices"
	"testing"
)

func TestSamples(t *testing.T) {
	s := Samples{4, 1, 3, 5, 2}
	if got, want := s.String(), "3.00 (2.00 to 4.00)"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got, want := s.Over(Samples{2, 1, 1, 5, 4}), (Samples{2, 1, 3, 1, 0.5}); !slices.Equal(got, want) {
		t.Errorf("got ratios %v, want %v", []float64(got), []float64(want))
	}
	if got := Quantile([]int{7}, 0.99); got != 7 {
		t.Errorf("the quantile of one measurement is %d, want 7", got)
	}
	if got := Quantile(s, 1); got != 5 {
		t.Errorf("the largest is %v, want 5", got)
	}
}

// skipped counts by hand how many samples may be skipped at each end: of all the ways in which n samples can be
// above or below the median, at most 5 % may have so few on one side.
func skipped(n int) int {
	for skip := n / 2; skip > 0; skip-- {
		missed := 0
		for above := range 1 << n {
			k := bits.OnesCount(uint(above))
			if k <= skip || n-k <= skip {
				missed++
			}
		}
		if float64(missed) <= 0.05*float64(int(1)<<n) {
			return skip
		}
	}
	return 0
}

func TestInterval(t *testing.T) {
	for n := 1; n <= 20; n++ {
		var s Samples
		for i := range n {
			s = append(s, float64(i*7%n)) // not in order
			if n%7 == 0 {
				s[i] = float64(n - 1 - i)
			}
		}
		low, high := s.Interval()
		want := skipped(n)
		if int(low) != want || int(high) != n-1-want {
			t.Errorf("%d samples: from %v to %v, want %d to %d", n, low, high, want, n-1-want)
		}
	}
}

// These are in tables of the sign test.
func TestIntervalKnown(t *testing.T) {
	for n, want := range map[int]float64{5: 0, 6: 0, 9: 1, 11: 1, 12: 2, 15: 3, 21: 5} {
		s := make(Samples, n)
		for i := range s {
			s[i] = float64(i)
		}
		if low, _ := s.Interval(); low != want {
			t.Errorf("%d samples: the lower bound is sample %v, want %v", n, low, want)
		}
	}
}
