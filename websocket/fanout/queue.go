package fanout

import (
	"context"
	"fmt"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// A Queue is the bounded queue of the outgoing messages of one connection. Any goroutine may call
// its methods at any time. It has a goroutine only while a message is being written.
//
// The limits apply to the messages that wait, not to the one that is being written.
// [websocket.Conn.Unsent] counts that one. Limits.WriteTimeout of the connection limits how long
// its peer may take nothing.
//
// # Errors
//
// When the connection has ended, or nothing more can be written to it, the queue drops the messages
// that wait. Methods that send then return the error with which the connection ended, as
// [context.Cause] of [websocket.Conn.Context] returns it, or that of the write that failed. If the
// queue itself closed the connection, because it was full, the error matches [ErrFull]. All of
// these errors match [net.ErrClosed].
//
// A queue does not lose its place to a [websocket.MessageWriter]: if that is idle for so long that
// a write fails with [websocket.ErrMessageOpen], the message is written again. If an extension
// cannot encode a prepared message, the queue closes the connection with 1011, because its peer
// would miss a message.
type Queue struct {
	c           *websocket.Conn
	maxMessages int
	maxBytes    int64
	policy      Policy

	mu       sync.Mutex // guards the following
	writing  bool       // a goroutine writes; if none does, nothing waits
	draining bool       // Drain was called
	waiting  fifo       // messages that wait
	senders  []*sender  // that wait for room; there is none for the first of them
	dropped  int64
	failed   error         // why nothing more is written
	settled  chan struct{} // closed when Drain need not wait any more; nil if nobody waits for that
}

// NewQueue returns a queue for c. A message that is written to c directly does not wait for those in
// the queue. A connection should have one queue, because two do not keep the order of messages.
func NewQueue(c *websocket.Conn, opts *Options) *Queue {
	if opts == nil {
		opts = new(Options)
	}
	q := &Queue{c: c, maxMessages: opts.MaxMessages, maxBytes: opts.MaxBytes, policy: opts.WhenFull}
	if q.maxMessages == 0 {
		q.maxMessages = defaultMaxMessages
	}
	if q.maxBytes == 0 {
		q.maxBytes = defaultMaxBytes
	}
	return q
}

// Conn returns the connection.
func (q *Queue) Conn() *websocket.Conn { return q.c }

// Send queues a copy of p. It never waits. As with [websocket.Conn.Write], text is not checked.
//
// If the queue is full, the error matches [ErrFull], unless the policy is DropOldest, which makes
// room. The error of a message that is larger than MaxBytes matches ErrFull, too. That message
// changes nothing else, whatever the policy.
func (q *Queue) Send(t websocket.MessageType, p []byte) error {
	m, err := copyMessage(t, p)
	if err != nil {
		return err
	}
	return q.send(m)
}

// SendPrepared queues m, without a copy. It never waits. The errors are those of Send.
func (q *Queue) SendPrepared(m *Message) error { return q.send(m) }

func (q *Queue) send(m *Message) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.refusal(m); err != nil {
		return err
	}
	if !q.fits(m) {
		if err := q.overflow(m); err != nil {
			return err
		}
	}
	q.push(m)
	q.admit()
	return nil
}

// refusal returns why m can never be queued. The caller has q.mu.
func (q *Queue) refusal(m *Message) error {
	if err := q.end(); err != nil {
		return err
	}
	if q.draining {
		return errDraining
	}
	if q.maxBytes >= 0 && m.size > q.maxBytes {
		q.dropped++
		return fmt.Errorf("%w: message has %d bytes, more than MaxBytes, %d", ErrFull, m.size, q.maxBytes)
	}
	return nil
}

// end returns why nothing more is written, or nil. The caller has q.mu.
func (q *Queue) end() error {
	if _, full := q.failed.(*closedError); !full && q.c.Context().Err() != nil {
		return context.Cause(q.c.Context())
	}
	return q.failed
}

// fits reports whether there is room for m. The caller has q.mu.
func (q *Queue) fits(m *Message) bool {
	return (q.maxMessages < 0 || q.waiting.len < q.maxMessages) &&
		(q.maxBytes < 0 || q.waiting.bytes+m.size <= q.maxBytes)
}

// overflow applies the policy to m, which does not fit. Without an error, there is room now. The
// caller has q.mu.
func (q *Queue) overflow(m *Message) error {
	switch q.policy {
	case DropOldest:
		for !q.fits(m) {
			q.waiting.pop()
			q.dropped++
		}
		return nil
	case DropNewest:
		q.dropped++
		return ErrFull
	}
	code := websocket.StatusTryAgainLater
	if q.policy == ClosePolicyViolation {
		code = websocket.StatusPolicyViolation
	}
	q.dropped++
	q.shut(ErrFull, code, "outgoing queue is full")
	return q.failed
}

// push queues m, for which there is room. The caller has q.mu.
func (q *Queue) push(m *Message) {
	if q.writing {
		q.waiting.push(m)
		return
	}
	q.writing = true
	go q.write(m)
}

// Depth returns how many messages wait, and how many bytes they have.
func (q *Queue) Depth() (messages int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting.len, q.waiting.bytes
}

// Dropped returns how many messages the queue has not sent: because it was full, or because the
// connection ended after they were queued. The peer may have got a part of the last one of these, or all
// of it.
func (q *Queue) Dropped() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}
