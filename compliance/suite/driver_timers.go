package suite

import (
	"sync"
	"time"
)

// timers are the timers of one connection. They fire in the order in which they are due, even if the
// runtime wakes them in another order. A verdict can depend on which of two one-second timers fires
// first: the one that fails the connection, or the one that waits for the server to drop TCP.
type timers struct {
	mu   sync.Locker // held while an event is handled
	over func() bool // reports whether the connection has ended; timers then no longer fire
	done func()      // if set, called after an event, with the lock held
	list []*timer
}

// A timer calls f once, unless it is stopped first.
type timer struct {
	t    *time.Timer
	due  time.Time
	f    func()
	done bool
}

// after calls f after d with the lock held, unless the connection ends first. The caller holds the lock.
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

// run fires all timers that are due at the time by or earlier, the earliest first.
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

// stop stops a timer. The caller holds the lock.
func (t *timer) stop() {
	t.done = true
	t.t.Stop()
}

// stop stops all timers. The caller holds the lock.
func (ts *timers) stop() {
	for _, t := range ts.list {
		t.stop()
	}
}
