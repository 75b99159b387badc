package suite

import (
	"sync"
	"time"
)

// timers are those of one connection. What they do is done in the order in which it
// is due, whatever order the runtime wakes them in: a verdict hangs on whether the
// kill of a case or the wait for TCP to be dropped, both a second, comes first.
type timers struct {
	mu   sync.Locker // held while an event is worked on
	over func() bool // the connection has ended, and its timers with it
	done func()      // called after an event, with the lock held; may be nil
	list []*timer
}

// A timer calls f once, unless it is stopped before.
type timer struct {
	t    *time.Timer
	due  time.Time
	f    func()
	done bool
}

// after has f called with the lock held, unless the connection ends before. The
// caller holds the lock.
func (ts *timers) after(d time.Duration, f func()) *timer {
	t := &timer{due: time.Now().Add(d), f: f}
	ts.list = append(ts.list, t)
	t.t = time.AfterFunc(d, func() {
		ts.mu.Lock()
		defer ts.mu.Unlock()
		ts.run(t.due)
		if ts.done != nil {
			ts.done()
		}
	})
	return t
}

// run calls what is due by then, the earliest first.
func (ts *timers) run(by time.Time) {
	for !ts.over() {
		var next *timer
		for _, t := range ts.list {
			if !t.done && !t.due.After(by) && (next == nil || t.due.Before(next.due)) {
				next = t
			}
		}
		if next == nil {
			return
		}
		next.stop()
		next.f()
	}
}

// stop ends a timer. The caller holds the lock.
func (t *timer) stop() {
	t.done = true
	t.t.Stop()
}

// stop ends them all. The caller holds the lock.
func (ts *timers) stop() {
	for _, t := range ts.list {
		t.stop()
	}
}
