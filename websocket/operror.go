package websocket

import (
	"context"
	"errors"
	"net"
)

// opError makes the error of an operation that err ended. Once it is known why the
// connection ends, the error is about that.
func (c *Conn) opError(op string, err error) error {
	received, cause := c.ending.known(op)
	if cause == nil {
		return &Error{Op: op, Err: bare(err)}
	}
	e := &Error{Op: op, closed: true, later: true, received: received}
	switch cause := cause.(type) {
	case *CloseError:
		if op == "read" {
			return cause
		}
		e.Err = cause
	case *Error:
		e.Err, e.Code, e.local = cause.Err, cause.Code, cause.local
	}
	return e
}

// bare returns err without what this package has wrapped it in.
func bare(err error) error {
	switch e := err.(type) {
	case interrupt:
		return e.error
	case *Error:
		return e.Err
	}
	return err
}

// acceptedError is opError for a write that err has cut in the middle.
func (c *Conn) acceptedError(op string, err error) error {
	e := c.opError(op, err)
	if e, ok := e.(*Error); ok {
		e.Accepted = !e.closed
	}
	return e
}

// isAccepted reports whether err is that of a write whose rest is sent later.
func isAccepted(err error) bool {
	e, ok := err.(*Error)
	return ok && e.Accepted
}

// An interrupt is the end of a wait that leaves the transport whole: the end of a
// context.
type interrupt struct{ error }

func (i interrupt) Unwrap() error { return i.error }

func isInterrupt(err error) bool {
	_, ok := err.(interrupt)
	return ok
}

// contextError returns an interrupt if ctx has ended. It wraps the cause beside the
// error, if ctx was given one.
func contextError(ctx context.Context) error {
	err := ctx.Err()
	if err == nil {
		return nil
	}
	if cause := context.Cause(ctx); !errors.Is(err, cause) {
		err = &contextCause{err, cause}
	}
	return interrupt{err}
}

// isEnd reports whether err tells of a context that ended because the connection did, as
// one derived from Conn.Context does. The error of a call is then about the connection.
func (c *Conn) isEnd(err error) bool {
	if cut, ok := err.(*cutMessage); ok {
		err = cut.err
	}
	ended, ok := bare(err).(*contextCause)
	return ok && ended.cause == context.Cause(c.ctx)
}

// A contextCause is the error of a context that was ended with a cause. The cause may
// be the end of another connection, as with errgroup in a proxy, and must not look like
// the end of this one.
type contextCause struct{ err, cause error }

func (e *contextCause) Error() string { return e.err.Error() + ": " + e.cause.Error() }
func (e *contextCause) Unwrap() error { return e.err }
func (e *contextCause) Timeout() bool { return isTimeout(e.err) }

// Is reports whether the cause matches target.
func (e *contextCause) Is(target error) bool {
	return target != net.ErrClosed && errors.Is(e.cause, target)
}

// As finds what target asks for in the cause.
func (e *contextCause) As(target any) bool {
	switch target.(type) {
	case **Error, **CloseError:
		return false
	}
	return errors.As(e.cause, target)
}

func isTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}

// A cutMessage is a message that was begun and will not be finished, because of err.
type cutMessage struct {
	text string
	err  error // the end of a context, as a rule; nil in what others are told
}

func (e *cutMessage) Error() string {
	if e.err == nil {
		return e.text
	}
	return e.text + ": " + e.err.Error()
}

func (e *cutMessage) Unwrap() error { return e.err }
