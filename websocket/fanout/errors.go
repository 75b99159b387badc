package fanout

import (
	"context"
	"errors"
	"fmt"
	"net"

	"github.com/hawser-ws/hawser/websocket"
)

// ErrFull matches the error of a Send for which the queue has no room. If the error matches
// [net.ErrClosed], too, the queue has closed its connection. Otherwise only this message is lost.
var ErrFull = errors.New("fanout: outgoing queue is full")

// errDraining is the error of a Send after Drain. If Serve of a Handler returns it, the connection
// is closed with 1001, as for a shutdown.
var errDraining error = drainError{websocket.CloseWith(websocket.StatusGoingAway, "")}

type drainError struct{ asked error }

func (drainError) Error() string   { return "fanout: queue takes no messages after Drain" }
func (e drainError) Unwrap() error { return e.asked }

// Is reports whether target is net.ErrClosed.
func (drainError) Is(target error) bool { return target == net.ErrClosed }

// A closedError is the error of a queue that has closed its connection.
type closedError struct {
	err  error // why
	code websocket.StatusCode

	// asked is an error of CloseWith with the same code, for a Handler whose Serve returns this
	// error and which may close the connection before the queue does. If asked is nil, the Handler
	// uses 1011 and logs the error.
	asked error
}

func (e *closedError) Error() string {
	return fmt.Sprintf("%v; connection is closed with %v", e.err, e.code)
}

func (e *closedError) Unwrap() []error {
	if e.asked == nil {
		return []error{e.err}
	}
	return []error{e.err, e.asked}
}

// Is reports whether target is net.ErrClosed.
func (e *closedError) Is(target error) bool { return target == net.ErrClosed }

// A contextError is the error of a context that has ended. It matches the cause, too, but never
// [net.ErrClosed]: the cause may be the end of another connection, not of this one.
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
