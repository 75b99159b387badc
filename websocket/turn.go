package websocket

import (
	"context"
	"slices"
	"sync"
)

// A turn is a mutex whose waiters come first in, first out, and may give up.
type turn struct {
	mu    sync.Mutex
	held  bool
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
func (t *turn) lock(ctx, end context.Context) error {
	t.mu.Lock()
	if !t.held {
		t.held = true
		t.mu.Unlock()
		return nil
	}
	mine := make(chan struct{})
	t.queue = append(t.queue, mine)
	t.mu.Unlock()

	var err error
	select {
	case <-mine:
		return nil
	case <-ctx.Done():
		err = contextError(ctx)
	case <-end.Done():
		err = context.Cause(end)
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
