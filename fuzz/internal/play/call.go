package play

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/script"
	"github.com/hawser-ws/hawser/websocket"
)

// A callError is the cause of the end of one call's context.
type callError struct{ call int64 }

func (e *callError) Error() string { return fmt.Sprintf("the context of call %d has ended", e.call) }

// context returns the context for a step. Each context that ends has its own cause, which
// the error of no other call may wrap.
func (s *side) context(o *script.Op) (context.Context, context.CancelFunc) {
	switch o.Context {
	case script.Ended:
		ctx, cancel := s.cancellable()
		cancel()
		return ctx, cancel
	case script.Racing:
		ctx, cancel := s.cancellable()
		go cancel()
		return ctx, cancel
	case script.Timed:
		return s.timed(o.Timeout)
	}
	switch o.Delay % 3 {
	case 0:
		return s.base, func() {}
	case 1:
		return s.conn.Context(), func() {}
	}
	return context.Background(), func() {}
}

func (s *side) cancellable() (context.Context, context.CancelFunc) {
	ctx, cause := s.call()
	ctx, cancel := context.WithCancelCause(ctx)
	return ctx, func() { cancel(cause) }
}

func (s *side) timed(d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cause := s.call()
	return context.WithTimeoutCause(ctx, d, cause)
}

// call returns a context, and the cause with which it must be canceled. The cause is also a
// value of the context, so that checkError can find it.
func (s *side) call() (context.Context, *callError) {
	cause := &callError{s.events.Add(1)}
	return context.WithValue(s.base, callKey{}, cause), cause
}

type callKey struct{}

// grace is the time that a call may take after its context has ended: Close needs it to send
// its frame, and an interrupted write to find out whether the transport works.
const grace = 5 * time.Millisecond

// bounded calls f and checks that f returns at most later after the end of ctx.
func (s *side) bounded(ctx context.Context, what any, later time.Duration, f func() error) error {
	return s.boundedSince(time.Now(), ctx, what, later, f)
}

// boundedSince is like bounded, for one of several calls of an operation that began at first.
func (s *side) boundedSince(
	first time.Time, ctx context.Context, what any, later time.Duration, f func() error,
) error {
	begun := time.Now()
	dead := ctx.Err() != nil
	err := f()
	until, ok := ctx.Deadline()
	if dead {
		until, ok = begun, true
	}
	if now := time.Now(); ok && now.After(begun.Add(later)) && now.After(until.Add(later)) {
		s.fault("%v returned %v after the end of its context: %v", what, now.Sub(until), err)
	}
	s.checkError(first, ctx, what, err)
	return err
}

// checkError checks that the error of a call does not wrap the error of another call's
// context, and that it is a timeout only if the call timed out. It also checks that the
// connection has no cause while it is open.
func (s *side) checkError(begun time.Time, ctx context.Context, what any, err error) {
	if cause := s.conn.Closure().Err; cause != nil && s.conn.Context().Err() == nil {
		s.fault("%v: the connection is open, and has the cause %v", what, cause)
	}
	if err == nil {
		return
	}
	var other *callError
	if errors.As(err, &other) && ctx.Value(callKey{}) != other {
		s.fault("%v: %v is the error of another call's context: %v", what, err, other)
	}
	late := passed(ctx)
	canceled := errors.Is(ctx.Err(), context.Canceled) && !s.endedWith(ctx)
	if errors.Is(err, context.DeadlineExceeded) && !late || errors.Is(err, context.Canceled) && !canceled {
		s.fault("%v: %v, but the error of its context is %v", what, err, ctx.Err())
	}
	var t interface{ Timeout() bool }
	wait := orDefault(s.cfg.WriteTimeout, websocket.DefaultWriteTimeout)
	waited := errors.Is(err, websocket.ErrPeerNotReading) || errors.Is(err, websocket.ErrMessageOpen)
	if errors.As(err, &t) && t.Timeout() && !late && (wait < 0 || time.Since(begun) < wait || !waited) {
		s.fault("%v: %v is a timeout, after %v", what, err, time.Since(begun))
	}
}

// endedWith reports whether ctx ended because the connection ended. In that case a call
// returns the error of the connection.
func (s *side) endedWith(ctx context.Context) bool {
	c := s.conn.Context()
	return c.Err() != nil && context.Cause(ctx) == context.Cause(c)
}

// passed reports whether the deadline of ctx has passed, even if ctx has not ended yet.
func passed(ctx context.Context) bool {
	until, ok := ctx.Deadline()
	return errors.Is(ctx.Err(), context.DeadlineExceeded) || ok && !time.Now().Before(until)
}

// interrupted reports whether err is the error of ctx, which leaves the connection open. Any
// other error must match net.ErrClosed: the connection has ended, or can no longer send.
func (s *side) interrupted(ctx context.Context, what any, err error) bool {
	if errors.Is(err, net.ErrClosed) {
		return false
	}
	if ended := ctx.Err(); ended != nil && errors.Is(err, ended) && errors.Is(err, context.Cause(ctx)) {
		return true
	}
	s.fault("%v: unexpected error: %v", what, err)
	return false
}
