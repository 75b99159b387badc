package fanout

import (
	"context"
	"slices"

	"github.com/hawser-ws/hawser/websocket"
)

// A sender is a call of SendContext that waits for room.
type sender struct {
	m    *Message
	err  error         // its result, once done is closed
	done chan struct{} // closed when it no longer waits
}

// SendContext queues a copy of p as one message. If the queue is full, SendContext waits for room,
// whatever the policy, until ctx or the connection ends or Drain is called. If ctx ends first, the
// message is not queued, and the error is that of ctx. The other errors are those of Send.
//
// Calls that wait are served in order. A Send for which there is room may overtake them.
func (q *Queue) SendContext(ctx context.Context, t websocket.MessageType, p []byte) error {
	m, err := copyMessage(t, p)
	if err != nil {
		return err
	}
	s, err := q.join(ctx, m)
	if s == nil {
		return err
	}
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return q.giveUp(ctx, s)
	}
}

// join queues m if there is room. Otherwise it returns a sender that waits.
func (q *Queue) join(ctx context.Context, m *Message) (*sender, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	over := ctx.Err() != nil // before refusal, because the end of the connection may end ctx, too
	if err := q.refusal(m); err != nil {
		return nil, err
	}
	if over {
		return nil, newContextError(ctx)
	}
	if len(q.senders) == 0 && q.fits(m) {
		if q.push(m) {
			go q.write(m)
		}
		return nil, nil
	}
	s := &sender{m: m, done: make(chan struct{})}
	q.senders = append(q.senders, s)
	return s, nil
}

// giveUp returns the result of s, whose ctx has ended. If s was served at the same time, its
// message is queued.
func (q *Queue) giveUp(ctx context.Context, s *sender) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	i := slices.Index(q.senders, s)
	if i < 0 {
		return s.err
	}
	q.remove(i)
	q.admit() // the next one may be smaller
	if err := q.end(); err != nil {
		return err
	}
	return newContextError(ctx)
}

// admit queues the messages of senders for which there is room now. The caller has q.mu.
func (q *Queue) admit() {
	for len(q.senders) > 0 && q.fits(q.senders[0].m) {
		s := q.senders[0]
		q.remove(0)
		q.push(s.m)
		close(s.done)
	}
}

// remove removes the sender at index i, and frees the memory of senders with the last one. The
// caller has q.mu.
func (q *Queue) remove(i int) {
	if q.senders = slices.Delete(q.senders, i, i+1); len(q.senders) == 0 {
		q.senders = nil
	}
}

// dismiss makes all senders that wait return err. The caller has q.mu.
func (q *Queue) dismiss(err error) {
	for _, s := range q.senders {
		s.err = err
		close(s.done)
	}
	q.senders = nil
}
