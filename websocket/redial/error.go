package redial

import (
	"fmt"
	"time"
)

// An Error is why a connection ended, or could not be opened. Options.Retrying gets it before each
// wait, and every error that [Conns] yields is one.
type Error struct {
	// Class is the class of Err. It is [Clean] if the loop ends because its context has ended.
	Class Class

	// Wait is the time until the next attempt. It is 0 if there will be none.
	Wait time.Duration

	// Attempt counts the attempts since a connection lasted: it is 1 if that connection has ended, or
	// if the first attempt of all has failed, and one more for each further failure, or connection
	// that did not last.
	Attempt int

	// Err is the cause: an error of [websocket.Dial], the Err of a [websocket.Closure], an error of
	// Options.Refresh, that of invalid options, or that of the context.
	Err error

	final bool // there will be no other attempt
}

func (e *Error) Error() string {
	if e.final {
		return fmt.Sprintf("redial: %v", e.Err)
	}
	return fmt.Sprintf("redial: %v; attempt %d follows in %v", e.Err, e.Attempt, e.Wait.Round(time.Millisecond))
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
