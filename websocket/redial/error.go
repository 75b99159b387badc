package redial

import (
	"fmt"
	"time"
)

// An Error says why a connection ended or could not be opened. Options.Retrying gets one before
// each wait, and the error that [Conns] yields is one.
type Error struct {
	// Class is the class of Err, or [Clean] if the loop ends because its context has ended.
	Class Class

	// Wait is the time until the next attempt, or 0 if there will be none.
	Wait time.Duration

	// Attempt counts failed attempts and ended connections. After a connection that has lasted, as
	// [Conns] describes, it begins at 1 again.
	Attempt int

	// Err is the cause: an error of [websocket.Dial], Err of a [websocket.Closure], an error of
	// Options.Refresh, an error about the options, or the error of the context.
	Err error

	asked time.Duration // by the server's Retry-After
	final bool          // no attempt follows
}

// Error returns the text of Err and, if the loop goes on, the number of the next retry and the
// time until then.
func (e *Error) Error() string {
	if e.final || e.Attempt == 0 {
		return fmt.Sprintf("redial: %v", e.Err)
	}
	return fmt.Sprintf("redial: %v; retry %d in %v",
		e.Err, e.Attempt, e.Wait.Round(time.Millisecond))
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
