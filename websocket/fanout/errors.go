package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hawser-ws/hawser/websocket"
)

// ErrFull is matched by the error of a Send for which the queue has no room.
var ErrFull = errors.New("fanout: outgoing queue is full")

// errDraining is the error of a Send after Drain.
var errDraining = fmt.Errorf("fanout: queue takes no messages after Drain: %w", net.ErrClosed)

// A closedError is the error of a queue that has closed its connection.
type closedError struct {
	err  error // why
	code websocket.StatusCode
}

func (e *closedError) Error() string {
	return fmt.Sprintf("%v; connection is closed with %v", e.err, e.code)
}

func (e *closedError) Unwrap() error { return e.err }

// Is reports whether target is net.ErrClosed.
func (e *closedError) Is(target error) bool { return target == net.ErrClosed }

// A contextError is the error of a context that has ended. It matches the cause, too, but not
// [net.ErrClosed]: that may be the end of another connection, and must not look like that of this
// one.
type contextError struct{ err, cause error }

func newContextError(ctx context.Context) error { return &contextError{ctx.Err(), context.Cause(ctx)} }

func (e *contextError) Error() string {
	if e.cause == e.err {
		return "fanout: " + e.err.Error()
	}
	return fmt.Sprintf("fanout: %v: %v", e.err, e.cause)
}

func (e *contextError) Unwrap() error { return e.err }

// Is reports whether the cause matches target.
func (e *contextError) Is(target error) bool {
	return target != net.ErrClosed && errors.Is(e.cause, target)
}
