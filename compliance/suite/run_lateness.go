package suite

import (
	"context"
	"sync"
	"time"
)

// A sleeper wakes every tickTime to find out whether the machine is overloaded. The machine is late if
// it wakes the sleeper more than lateTime late. Several goroutines and processes have to wake between a
// frame of ours and its answer. If the machine wakes each of them within lateTime, the peer has most of
// even the shortest timeout of a case, 500 ms.
const (
	tickTime = 10 * time.Millisecond
	lateTime = 50 * time.Millisecond
)

// A lateness measures when the machine was last late to wake a sleeper.
type lateness struct {
	mu     sync.Mutex
	due    time.Time // when the sleeper should wake
	lateAt time.Time // when it last woke late
}

// watch is the sleeper. It runs until ctx ends.
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

// wake records whether the sleeper is late.
func (w *lateness) wake(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if now.Sub(w.due) > lateTime {
		w.lateAt = now
	}
}

// late reports whether the machine has been late since a time.
func (w *lateness) late(since time.Time) bool {
	if w == nil {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.lateAt.After(since) || !w.due.IsZero() && time.Since(w.due) > lateTime
}
