package transport

import (
	"context"
	"errors"
	"os"
	"syscall"
)

// ErrNotReading is the error of a write whose peer takes nothing for longer than its limit.
var ErrNotReading error = notReading{}

type notReading struct{}

func (notReading) Error() string {
	return "peer does not read: a write took longer than Limits.WriteTimeout"
}
func (notReading) Timeout() bool   { return true }
func (notReading) Temporary() bool { return true }

// An Interrupt ends a wait and leaves the transport intact: Ctx has ended.
type Interrupt struct{ Ctx context.Context }

func (i Interrupt) Error() string { return i.Ctx.Err().Error() }

// Unwrap returns the error of the context, without its cause.
func (i Interrupt) Unwrap() error { return i.Ctx.Err() }

// NoWait returns a context for writes that must not wait for the peer.
func NoWait() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// Ended returns an [Interrupt] if ctx has ended, and nil otherwise.
func Ended(ctx context.Context) error {
	if ctx.Err() == nil {
		return nil
	}
	return Interrupt{ctx}
}

// IsInterrupt reports whether err is an [Interrupt] itself.
func IsInterrupt(err error) bool {
	_, ok := err.(Interrupt)
	return ok
}

// ErrOverdue is the cause of the end of a connection whose watchdog closed its transport.
var ErrOverdue = errors.New("transport did not obey its deadline and was closed")

// A CutError is the error of a message that was begun and will not be finished, because of Err.
type CutError struct {
	Text string
	Err  error // usually the end of a context; nil in the error of other calls
}

func (e *CutError) Error() string {
	if e.Err == nil {
		return e.Text
	}
	return e.Text + ": " + e.Err.Error()
}

// Unwrap returns Err.
func (e *CutError) Unwrap() error { return e.Err }

// IsDeadline reports whether err means that a deadline has passed. Multiplexers have their own
// errors for that. The system's error for an unreachable peer is a timeout too, but does not count.
func IsDeadline(err error) bool {
	var sys syscall.Errno
	return errors.Is(err, os.ErrDeadlineExceeded) || IsTimeout(err) && !errors.As(err, &sys)
}

// IsTimeout reports whether err has a method Timeout that returns true.
func IsTimeout(err error) bool {
	var t interface{ Timeout() bool }
	return errors.As(err, &t) && t.Timeout()
}
