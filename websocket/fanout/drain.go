package fanout

import (
	"cmp"
	"context"
)

// Drain ends the queue for good: it waits until all queued messages are written, and the queue
// takes no more. Methods that send, and calls of SendContext that wait, fail with an error that
// matches [net.ErrClosed]. The queue stays in its rooms, but gets no more of their messages.
//
// Call Drain before [websocket.Conn.Close], before [websocket.Group.Shutdown], and before Serve of
// a [websocket.Handler] returns. None of them waits for the queue.
//
// Drain returns nil if all messages have been written, except those that the policies DropNewest
// and DropOldest have dropped. If messages were lost because the connection ended, Drain returns
// the same error as Send. If ctx ends first, the error is that of ctx, and the messages are still
// written in the background. Any number of goroutines may call Drain, more than once.
func (q *Queue) Drain(ctx context.Context) error {
	settled := q.beginDrain()
	var over error
	select {
	case <-settled:
	case <-ctx.Done():
		select {
		case <-settled: // at the same time
		default:
			over = newContextError(ctx)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.failed == nil && over == nil {
		return nil
	}
	return cmp.Or(q.end(), over) // ctx may be the connection's
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
