package websocket

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// A turn is a mutex whose waiters are served first in, first out, and may give up.
type turn struct {
	mu    sync.Mutex
	held  bool
	idle  atomic.Uint32   // odd while the holder is an idle MessageWriter; new for each idle period
	queue []chan struct{} // one for each waiter, closed when its turn has come
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

// busy reports whether the turn is taken.
func (t *turn) busy() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.held
}

// lock waits until the turn is free, or ctx or end ends. It returns an interrupt for ctx, and the
// cause of end. If the turn becomes free at the same time, the lock is acquired.
func (t *turn) lock(ctx, end context.Context) error { return t.lockWithin(ctx, end, 0) }

// lockWithin is lock, but also gives up, with ErrMessageOpen, if one MessageWriter is idle for
// limit meanwhile. It does so after at most twice the limit. A limit of 0 or less means none.
func (t *turn) lockWithin(ctx, end context.Context, limit time.Duration) error {
	if mine := t.join(); mine != nil {
		return t.wait(ctx, end, limit, mine)
	}
	return nil
}

// join takes the turn if it is free, and returns nil. Otherwise it adds the caller to the queue,
// and the caller must call wait with the result.
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
			err = transport.Ended(ctx)
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
		return nil // the turn was acquired meanwhile
	}
	t.queue = slices.Delete(t.queue, i, i+1)
	return err
}

// setIdle records whether the holder, a MessageWriter, is idle. Only the holder calls it.
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
