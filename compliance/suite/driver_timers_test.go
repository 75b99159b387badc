package suite

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// If the goroutine of a later timer gets the lock first, the earlier timers still fire before it.
func TestTimersInOrder(t *testing.T) {
	const n = 50
	var mu sync.Mutex
	var got []int
	ts := timers{mu: &mu, over: func() bool { return false }}
	var last *timer
	for i := range n {
		// Set in the wrong order.
		i = n - 1 - i
		set := ts.after(time.Hour+time.Duration(i), func() { got = append(got, i) })
		set.due = time.Unix(int64(i/2), 0) // pairs are due at the same time
		if last == nil {
			last = set
		}
	}
	ts.after(time.Hour, func() { t.Error("a timer fired too early") })
	stopped := ts.after(time.Hour, func() { t.Error("a stopped timer fired") })
	stopped.due = last.due
	stopped.stop()
	ts.run(last.due)
	ts.stop()
	want := make([]int, n)
	for i := range n {
		want[i] = i ^ 1 // of two that are due at the same time, the one that was set first fires first
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("order of the timers (-want +got)\n%s", diff)
	}
}

// After a timer has ended the connection, later timers do not fire.
func TestTimersEndWithConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		over, late := false, false
		ts := timers{mu: &mu, over: func() bool { return over }}
		mu.Lock()
		ts.after(time.Second+1, func() { late = true })
		ts.after(time.Second, func() { over = true })
		mu.Unlock()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if !over || late {
			t.Errorf("the first timer fired: %t, the later one: %t", over, late)
		}
	})
}
