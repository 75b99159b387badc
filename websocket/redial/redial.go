// Package redial keeps a client connected: it dials again, with growing waits, whenever the
// connection has ended.
package redial

import (
	"context"
	"iter"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// Options configure [Conns]. A nil pointer means the zero value. They are copied.
type Options struct {
	// Dial are the options of each connection. If Limits.PingInterval is 0, it is 30 s. Negative:
	// no pings.
	Dial *websocket.DialOptions

	// Refresh, if set, is called before each connection, for example for a new token. It may change
	// opts, a copy of Dial whose Header is a copy, too. last is why the last connection or attempt
	// ended, nil at first. With Refresh, a 401 is not final. An error of Refresh ends the loop.
	Refresh func(ctx context.Context, opts *websocket.DialOptions, last error) error

	// MinWait and MaxWait bound the wait: the first is a random time up to MinWait, and the limit
	// doubles with each failure up to MaxWait. Defaults: 1 s, 1 minute.
	MinWait, MaxWait time.Duration

	// MaxRetryAfter is the longest Retry-After of a server that is obeyed. A longer one counts as
	// this one. Default: 1 hour.
	MaxRetryAfter time.Duration

	// Retrying, if set, is called before each wait, for logs and metrics.
	Retrying func(err *Error)
}

// Conns returns an iterator over connections to url: each time one has ended, or could not be
// opened, it dials again after a wait. What the body of the loop leaves open is closed. ...
func Conns(ctx context.Context, url string, opts *Options) iter.Seq2[*websocket.Conn, error] {
	panic("not yet")
}

// An Error is why a connection ended, or could not be opened.
type Error struct {
	Class   Class
	Wait    time.Duration // until the next attempt
	Attempt int           // failures since the last connection that lasted
	Err     error
}

func (e *Error) Error() string { panic("not yet") }

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// A Class is a kind of end of a connection, or of a failure to open it.
type Class uint8

const (
	Clean    Class = iota // closed by either side, with 1000, 1001 or no code
	Network               // ...
	Protocol              // ...
	Busy                  // refused for now
	Refused               // refused for good
)

func (c Class) String() string { panic("not yet") }

// Classify returns the class of err, an error of Dial or of a method of a Conn, or Closure.Err.
func Classify(err error) Class { panic("not yet") }

// RetryAfter is for programs that loop themselves. It reports whether it makes sense to dial again
// after err, and after what time at the earliest. resp is the response that [websocket.Dial]
// returned, or nil.
func RetryAfter(err error, resp *http.Response) (wait time.Duration, ok bool) { panic("not yet") }
