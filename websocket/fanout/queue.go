package fanout

import (
	"context"
	"errors"

	"github.com/hawser-ws/hawser/websocket"
)

// A Policy is what a Queue does with a message for which it has no room.
type Policy uint8

const (
	// CloseTryAgainLater closes the connection with 1013 (Try Again Later).
	CloseTryAgainLater Policy = iota

	// ClosePolicyViolation closes the connection with 1008 (Policy Violation).
	ClosePolicyViolation

	// DropNewest drops the message.
	DropNewest

	// DropOldest drops the oldest messages that wait, until there is room.
	DropOldest
)

// Options configure a [Queue]. A nil pointer means the zero value. They are copied.
type Options struct {
	// MaxMessages is how many messages may wait. Negative: no limit. Default: 1,024.
	MaxMessages int

	// MaxBytes is how many bytes of messages may wait. Negative: no limit. Default: 1 MiB.
	MaxBytes int64

	// WhenFull is what happens to a message for which there is no room.
	WhenFull Policy
}

// ErrFull is the error of a Send for which the queue has no room.
var ErrFull = errors.New("fanout: outgoing queue is full")

// A Queue is the bounded queue of the outgoing messages of one connection. Any goroutine may call
// its methods at any time. It has a goroutine only while messages wait.
//
// The limits apply to the messages that wait, not to the one that is being written.
// [websocket.Conn.Unsent] counts that one.
type Queue struct {
	c *websocket.Conn
}

// NewQueue returns the queue of c. Messages that are written to c directly may overtake it.
func NewQueue(c *websocket.Conn, opts *Options) *Queue { panic("not yet") }

// Conn returns the connection.
func (q *Queue) Conn() *websocket.Conn { return q.c }

// Send queues a copy of p. It never waits.
func (q *Queue) Send(t websocket.MessageType, p []byte) error { panic("not yet") }

// SendPrepared queues m, without a copy. It never waits.
func (q *Queue) SendPrepared(m *Message) error { panic("not yet") }

// SendContext queues a copy of p. If the queue is full, it waits for room until ctx ends, whatever
// the policy.
func (q *Queue) SendContext(ctx context.Context, t websocket.MessageType, p []byte) error {
	panic("not yet")
}

// Depth returns how many messages wait, and how many bytes they have.
func (q *Queue) Depth() (messages int, bytes int64) { panic("not yet") }

// Dropped returns how many messages the queue has not sent: by its policy, or because the
// connection ended.
func (q *Queue) Dropped() int64 { panic("not yet") }

// Drain ends the queue: it takes no more messages, and Drain waits until those that it has are
// written, the connection fails, or ctx ends. Call it before [websocket.Conn.Close].
func (q *Queue) Drain(ctx context.Context) error { panic("not yet") }

// A Message is a [websocket.PreparedMessage] along with its size, which queues count.
type Message struct {
	*websocket.PreparedMessage
	size int64
}

// Prepare makes a message from a copy of p; see [websocket.Prepare].
func Prepare(t websocket.MessageType, p []byte) (*Message, error) { panic("not yet") }
