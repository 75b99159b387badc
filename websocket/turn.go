package websocket

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// A turn is a mutex whose waiters come first in, first out, and may give up.
type turn struct {
	mu    sync.Mutex
	held  bool
	idle  atomic.Uint32   // odd while the holder is an idle MessageWriter, and then always another
	queue []chan struct{} // closed when it is that waiter's turn
}

func (t *turn) tryLock() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held {
		return false
	}
	t.held = true
	return true
}

// lock waits until the turn is free, ctx ends, or end ends; it returns an interrupt
// for ctx, and the cause of end. A turn that comes at that very moment is taken.
func (t *turn) lock(ctx, end context.Context) error { return t.lockWithin(ctx, end, 0) }

// lockWithin is lock that also gives up, with ErrMessageOpen, once one MessageWriter has
// been idle for limit while it waited. That is seen after at most twice the limit, which
// is off if it is not positive.
func (t *turn) lockWithin(ctx, end context.Context, limit time.Duration) error {
	if mine := t.join(); mine != nil {
		return t.wait(ctx, end, limit, mine)
	}
	return nil
}

// join takes the turn if it is free, and returns nil. If it is not, the caller has a place
// in the queue, and must wait for it.
func (t *turn) join() (mine chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.held {
		mine = make(chan struct{})
		t.queue = append(t.queue, mine)
	}
	t.held = true
	return mine
}

// wait is lockWithin for a caller that has joined.
func (t *turn) wait(ctx, end context.Context, limit time.Duration, mine chan struct{}) error {
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
			err = contextError(ctx)
		case <-end.Done():
			err = context.Cause(end)
		case <-tick:
			before := idle
			if idle = t.idle.Load(); idle == before && idle%2 == 1 {
				err = ErrMessageOpen
			}
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.Index(t.queue, mine)
	if i < 0 {
		return nil // the turn came meanwhile; passing it on is for its holder
	}
	t.queue = slices.Delete(t.queue, i, i+1)
	return err
}

// setIdle says whether the holder, a MessageWriter, is idle. Only the holder calls it.
func (t *turn) setIdle(idle bool) {
	n := t.idle.Load() &^ 1
	if idle {
		n += 3
	}
	t.idle.Store(n)
}

func (t *turn) unlock() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.queue) == 0 {
		t.held = false
		t.queue = nil
		return
	}
	close(t.queue[0])
	t.queue = t.queue[1:]
}
