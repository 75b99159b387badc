package fanout

import "context"

// Drain ends the queue and waits until the messages that it has are written. It takes no more, and
// calls of SendContext that wait fail with an error that matches [net.ErrClosed]. Call Drain before
// [websocket.Conn.Close] or [websocket.Group.Shutdown], which do not wait for the queue.
//
// Drain returns nil if all messages have been written, except those that the policies DropNewest
// and DropOldest have dropped. If the queue has lost messages because the connection ended, Drain
// returns the error that Send returns then. If ctx ends first, the error is that of ctx, and the
// messages are still written. Drain may be called again, and by several goroutines.
func (q *Queue) Drain(ctx context.Context) error {
	settled := q.beginDrain()
	select {
	case <-settled:
	case <-ctx.Done():
		select {
		case <-settled: // at the same time
		default:
			return newContextError(ctx)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed != nil {
		return q.end()
	}
	return nil
}

// beginDrain returns a channel that is closed when nothing is left to write.
func (q *Queue) beginDrain() <-chan struct{} {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.draining = true
	q.dismiss(errDraining)
	if q.settled == nil {
		q.settled = make(chan struct{})
	}
	settled := q.settled
	q.settle()
	return settled
}

// settle tells those who wait in Drain if nothing is left to write. The caller has q.mu.
func (q *Queue) settle() {
	if q.settled != nil && (!q.writing || q.failed != nil) {
		close(q.settled)
		q.settled = nil
	}
}
