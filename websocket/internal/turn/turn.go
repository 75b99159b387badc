// Package turn has a mutex whose waiters may give up.
package turn

import (
	"context"
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// ErrIdle is the error of LockWithin if the holder is idle for too long.
var ErrIdle = errors.New("turn is held by an idle MessageWriter")

// A Turn is a mutex whose waiters are served first in, first out, and may give up. While nothing
// waits for a turn, taking it and giving it back cost one atomic operation each.
type Turn struct {
	state atomic.Uint32
	idle  atomic.Uint32   // odd while the holder is an idle MessageWriter; new for each idle period
	mu    sync.Mutex      // guards queue, and the change from contended to another state
	queue []chan struct{} // one for each waiter, closed when its turn has come
}

// The values of Turn.state.
const (
	free uint32 = iota
	held
	contended // held, and there is a waiter or a mark of TryLockOrMark, so that TryUnlock fails
)

// TryLock takes the turn if it is free, and reports whether it did.
func (t *Turn) TryLock() bool { return t.state.CompareAndSwap(free, held) }

// TryLockOrMark is TryLock, but if the turn is taken, the next TryUnlock fails.
func (t *Turn) TryLockOrMark() (mine bool) {
	for {
		switch {
		case t.TryLock():
			return true
		case t.state.CompareAndSwap(held, contended), t.state.Load() == contended:
			return false
		}
	}
}

// Busy reports whether the turn is taken.
func (t *Turn) Busy() bool { return t.state.Load() != free }

// Lock waits until the turn is free, or ctx or end ends. It returns an interrupt for ctx, and the
// cause of end. If the turn becomes free at the same time, the lock is acquired.
func (t *Turn) Lock(ctx, end context.Context) error { return t.LockWithin(ctx, end, 0) }

// LockWithin is Lock, but also gives up, with ErrIdle, if one MessageWriter is idle for limit
// meanwhile. It does so after at most twice the limit. A limit of 0 or less means none.
func (t *Turn) LockWithin(ctx, end context.Context, limit time.Duration) error {
	if mine := t.Join(); mine != nil {
		return t.Wait(ctx, end, limit, mine)
	}
	return nil
}

// Join takes the turn if it is free, and returns nil. Otherwise it adds the caller to the queue,
// and the caller must call Wait with the result.
func (t *Turn) Join() (mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.TryLockOrMark() {
		return nil
	}
	mine = make(chan struct{})
	t.queue = append(t.queue, mine)
	return mine
}

// Wait is LockWithin for a caller that has joined.
func (t *Turn) Wait(ctx, end context.Context, limit time.Duration, mine chan struct{}) error {
	idle := t.idle.Load()
	var tick <-chan time.Time
	if limit > 0 {
		ticker := time.NewTicker(limit)
		defer ticker.Stop()
		tick = ticker.C
	}
	var err error
	for err == nil {
		select {
		case <-mine:
			return nil
		case <-ctx.Done():
			err = transport.Ended(ctx)
		case <-end.Done():
			err = context.Cause(end)
		case <-tick:
			before := idle
			if idle = t.idle.Load(); idle == before && idle%2 == 1 {
				err = ErrIdle
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.queue, mine)
	if i < 0 {
		return nil // the turn was acquired meanwhile
	}
	t.queue = slices.Delete(t.queue, i, i+1)
	return err
}

// SetIdle records whether the holder, a MessageWriter, is idle. Only the holder calls it.
func (t *Turn) SetIdle(idle bool) {
	n := t.idle.Load() &^ 1
	if idle {
		n += 3
	}
	t.idle.Store(n)
}

// TryUnlock gives the turn back and returns true, unless it has a waiter or a mark.
func (t *Turn) TryUnlock() bool { return t.state.CompareAndSwap(held, free) }

// Unlock gives the turn back, or passes it to the first waiter. It removes the mark of
// TryLockOrMark if there is no waiter.
func (t *Turn) Unlock() {
	if t.TryUnlock() {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		t.queue = nil
		t.state.Store(free)
		return
	}
	close(t.queue[0])
	t.queue = t.queue[1:]
}

// Waiting returns how many wait for the turn.
func (t *Turn) Waiting() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.queue)
}
