package fanout

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"sync"

	"github.com/hawser-ws/hawser/websocket"
)

// A Queue is the bounded queue of the outgoing messages of one connection. Any goroutine may call
// its methods at any time. It has a goroutine only while a message is being written.
//
// The limits apply to the messages that wait, not to the one that is being written, which
// [websocket.Conn.Unsent] counts. If the peer takes nothing, Limits.WriteTimeout of the connection
// ends that write.
//
// # The end of a connection
//
// Once the connection has ended, or nothing more can be written to it, the queue drops all messages
// that wait. From then on, the methods that send return an error that matches [net.ErrClosed]: the
// cause of the end, as [context.Cause] of [websocket.Conn.Context] returns it. Until the connection
// has ended, it is the error of the write that failed.
//
// If the queue itself has closed the connection because it was full, the error matches [ErrFull],
// too. If Serve of a [websocket.Handler] returns that error, the connection is still closed with
// the status code of the policy, as with [websocket.CloseWith].
//
// To close the connection, the queue calls [websocket.Conn.Close], which first waits for the frame
// that is being written. It waits for at most Limits.CloseTimeout, and at most a minute. If the
// peer reads again in time, [websocket.Closure].Sent has the status code. Otherwise no close frame
// is sent, and the Closure is that of [websocket.Conn.CloseNow]. The message that is being written
// is also lost if more of its fragments must follow (Limits.MaxWriteFrame), or if it waits for a
// [websocket.MessageWriter].
//
// # Writes that fail
//
// If a write fails with [websocket.ErrMessageOpen], because a MessageWriter has been idle for too
// long, the queue retries it. If the extension cannot encode a prepared message, the queue closes
// the connection with 1011 (Internal Error), because the peer would miss that message. The error of
// Send then says so.
type Queue struct {
	c           *websocket.Conn
	maxMessages int
	maxBytes    int64
	policy      Policy

	mu       sync.Mutex // guards the following
	writing  bool       // a goroutine writes; nothing waits unless one does
	draining bool       // Drain was called
	waiting  fifo       // messages that wait
	senders  []*sender  // calls of SendContext that wait; the first has no room
	dropped  int64
	failed   error         // why nothing more is written
	settled  chan struct{} // closed when Drain need not wait any longer; nil if no Drain waits
}

// NewQueue returns a queue for c. opts may be nil. A connection should have only one queue, and all
// messages should go through it: messages of two queues, and messages written to c directly, can
// overtake each other.
func NewQueue(c *websocket.Conn, opts *Options) *Queue {
	if opts == nil {
		opts = new(Options)
	}
	return &Queue{
		c:           c,
		maxMessages: limit(opts.MaxMessages, defaultMaxMessages, math.MaxInt),
		maxBytes:    limit(opts.MaxBytes, defaultMaxBytes, math.MaxInt64),
		policy:      opts.WhenFull,
	}
}

// limit returns the value of the option n: its default if it is 0, and none if it is negative.
func limit[T int | int64](n, otherwise, none T) T {
	if n < 0 {
		return none
	}
	return cmp.Or(n, otherwise)
}

// Conn returns the connection.
func (q *Queue) Conn() *websocket.Conn { return q.c }

// Send queues a copy of p as one message. It never waits. As with [websocket.Conn.Write], text must
// be UTF-8, which is not checked.
//
// If there is no room, the error matches [ErrFull], unless the policy is DropOldest, which makes
// room. For a message larger than MaxBytes, the error matches ErrFull, too, and the policy is not
// applied. If t is neither Text nor Binary, the error is that of [websocket.Prepare]. Any other
// error matches [net.ErrClosed].
func (q *Queue) Send(t websocket.MessageType, p []byte) error {
	m, err := copyMessage(t, p)
	if err != nil {
		return err
	}
	return q.send(m)
}

// SendPrepared queues m, without a copy. It never waits. The errors are those of Send. It panics if
// m is not from Prepare.
func (q *Queue) SendPrepared(m *Message) error {
	m.check()
	return q.send(m)
}

func (q *Queue) send(m *Message) error {
	idle, err := q.enqueue(m)
	if idle {
		go q.write(m)
	}
	return err
}

// enqueue queues m, or returns why not. If q was idle, some goroutine must call write.
func (q *Queue) enqueue(m *Message) (idle bool, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if err := q.refusal(m); err != nil {
		return false, err
	}
	if !q.fits(m) {
		if err := q.overflow(m); err != nil {
			return false, err
		}
	}
	idle = q.push(m)
	q.admit()
	return idle, nil
}

// refusal returns why m can never be queued. The caller has q.mu.
func (q *Queue) refusal(m *Message) error {
	if err := q.end(); err != nil {
		return err
	}
	if q.draining {
		return errDraining
	}
	if m.size > q.maxBytes {
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
	return q.waiting.len < q.maxMessages && q.waiting.bytes+m.size <= q.maxBytes
}

// overflow applies the policy to m, which does not fit. If it returns nil, there is room for m. The
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
	const reason = "outgoing queue is full"
	q.dropped++
	q.shut(&closedError{ErrFull, code, websocket.CloseWith(code, reason)}, reason)
	return q.failed
}

// push queues m, for which there is room. If q was idle, some goroutine must call write. The caller
// has q.mu.
func (q *Queue) push(m *Message) (idle bool) {
	if q.writing {
		q.waiting.push(m)
		return false
	}
	q.writing = true
	return true
}

// Depth returns how many messages wait, and their total size.
func (q *Queue) Depth() (messages int, bytes int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting.len, q.waiting.bytes
}

// Dropped returns how many messages were lost because there was no room for them, or because the
// connection ended before they were written. It counts the message that was being written then,
// although the peer may have received it.
func (q *Queue) Dropped() int64 {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.dropped
}
