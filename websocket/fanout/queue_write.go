package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// write writes m, and then all messages that wait. One goroutine at a time calls it.
func (q *Queue) write(m *Message) {
	for more := true; more; m, more = q.next() {
		if err := q.writeOne(m); err != nil {
			q.stop(err)
			return
		}
	}
}

func (q *Queue) writeOne(m *Message) error {
	for {
		err := m.writeTo(q.c)
		if !errors.Is(err, websocket.ErrMessageOpen) || errors.Is(err, net.ErrClosed) {
			return err
		}
	}
}

// next returns the next message to write. If there is none, the goroutine must end.
func (q *Queue) next() (*Message, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting.len == 0 {
		q.writing = false
		q.settle()
		return nil, false
	}
	m := q.waiting.pop()
	q.admit()
	return m, true
}

// stop records that a message could not be written, after which its goroutine ends.
func (q *Queue) stop(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.writing = false
	q.dropped++
	if errors.Is(err, net.ErrClosed) {
		q.fail(err)
		return
	}
	err = fmt.Errorf("fanout: message cannot be sent: %w", err)
	q.shut(&closedError{err: err, code: websocket.StatusInternalError}, "")
}

// shut closes the connection because of err. The caller has q.mu.
func (q *Queue) shut(err *closedError, reason string) {
	q.fail(err)
	go q.close(err.code, reason)
}

// maxClose limits the queue's call of Close, which nothing else ends if Limits.CloseTimeout is
// negative.
const maxClose = time.Minute

func (q *Queue) close(code websocket.StatusCode, reason string) {
	ctx, cancel := context.WithTimeout(context.Background(), maxClose)
	defer cancel()
	_ = q.c.Close(ctx, code, reason) // q.failed says why
}

// fail ends the queue because of err, and drops all messages that wait. The caller has q.mu.
func (q *Queue) fail(err error) {
	if q.failed == nil {
		q.failed = err
	}
	q.dropped += int64(q.waiting.len)
	q.waiting = fifo{}
	q.dismiss(q.end())
	q.settle()
}
