package suite

import (
	"context"
	"sync"
	"time"
)

// How the machine's lateness is measured. Between what we send and what we take for
// an answer, several goroutines and processes have to be woken. A machine that wakes
// each of them within lateTime leaves even the shortest bound of a case, 500 ms, to
// the peer.
const (
	tickTime = 10 * time.Millisecond
	lateTime = 50 * time.Millisecond
)

// A lateness knows when the machine was last late to wake a sleeper.
type lateness struct {
	mu     sync.Mutex
	due    time.Time // when the sleeper is to wake
	lateAt time.Time // when it last woke late
}

// watch sleeps and wakes until ctx ends.
func (w *lateness) watch(ctx context.Context) {
	for ctx.Err() == nil {
		w.mu.Lock()
		w.due = time.Now().Add(tickTime)
		w.mu.Unlock()
		time.Sleep(tickTime)
		w.wake(time.Now())
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.due = time.Time{}
}

// wake notes whether the sleeper is late.
func (w *lateness) wake(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.due) > lateTime {
		w.lateAt = now
	}
}

// late reports whether the machine was late at any time since then.
func (w *lateness) late(since time.Time) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lateAt.After(since) || !w.due.IsZero() && time.Since(w.due) > lateTime
}
