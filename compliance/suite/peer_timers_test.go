package suite

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// When the goroutine of a later timer gets the lock first, the earlier ones are
// worked on before it.
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
		set.due = time.Unix(int64(i/2), 0) // two at a time at once
		if last == nil {
			last = set
		}
	}
	ts.after(time.Hour, func() { t.Error("one was worked on before its time") })
	stopped := ts.after(time.Hour, func() { t.Error("one was worked on that had been stopped") })
	stopped.due = last.due
	stopped.stop()
	ts.run(last.due)
	ts.stop()
	want := make([]int, n)
	for i := range n {
		want[i] = i ^ 1 // of those that are due at once, the first that was set
	}
	if !slices.Equal(got, want) {
		t.Errorf("worked on in the order %v", got)
	}
}

// A timer that ends the connection ends those that are due later.
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
			t.Errorf("over: %t, and then: %t", over, late)
		}
	})
}
