package redial

import (
	"math"
	"testing"
	"time"
)

// The limit doubles from MinWait to MaxWait, and never overflows.
func TestLimit(t *testing.T) {
	for _, row := range []struct {
		opts *Options
		want map[int]time.Duration
	}{
		{nil, map[int]time.Duration{
			0: time.Second, 1: time.Second, 2: 2 * time.Second, 6: 32 * time.Second,
			7: time.Minute, 8: time.Minute, 1000: time.Minute,
		}},
		{&Options{MinWait: 3, MaxWait: 12}, map[int]time.Duration{1: 3, 2: 6, 3: 12, 4: 12}},
		{&Options{MinWait: 3, MaxWait: 13}, map[int]time.Duration{3: 12, 4: 13}},
		{&Options{MinWait: 3, MaxWait: 2}, map[int]time.Duration{1: 3, 2: 3}},
		{&Options{MinWait: time.Hour}, map[int]time.Duration{1: time.Hour, 9: time.Hour}},
		{&Options{MinWait: 1, MaxWait: -1}, map[int]time.Duration{
			1: 1, 63: 1 << 62, 64: math.MaxInt64, 65: math.MaxInt64, 1000: math.MaxInt64,
		}},
	} {
		o, err := row.opts.withDefaults()
		if err != nil {
			t.Fatal(err)
		}
		for attempt, want := range row.want {
			if got := o.limit(attempt); got != want {
				t.Errorf("%+v: limit(%d) = %v, want %v", row.opts, attempt, got, want)
			}
		}
	}
}

// A wait is any time below the limit, in addition to the time that the server asked for. Half of that
// time is the least limit.
func TestWait(t *testing.T) {
	o, _ := (*Options)(nil).withDefaults()
	for _, asked := range []time.Duration{0, time.Second, 20 * time.Second, time.Hour} {
		for attempt, limit := range map[int]time.Duration{1: time.Second, 3: 4 * time.Second, 9: time.Minute} {
			limit = max(limit, asked/2)
			const draws, parts = 4000, 8
			var seen [parts]int
			for range draws {
				d := o.wait(attempt, asked) - asked
				if d < 0 || d >= limit {
					t.Fatalf("attempt %d, asked for %v: wait exceeds it by %v", attempt, asked, d)
				}
				seen[d*parts/limit]++
			}
			for i, n := range seen { // 500 on average; the standard deviation is 21
				if n < 250 || n > 750 {
					t.Errorf("attempt %d: %d of %d waits in part %d of %d", attempt, n, draws, i, parts)
				}
			}
		}
	}
	o.MaxWait = math.MaxInt64
	if got := o.wait(100, math.MaxInt64); got != math.MaxInt64 {
		t.Errorf("longest wait is %v", got)
	}
}
