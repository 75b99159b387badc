package redial

import (
	"context"
	"errors"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// Default values of [Options].
const (
	DefaultMinWait       = time.Second
	DefaultMaxWait       = time.Minute
	DefaultMaxRetryAfter = time.Hour
	DefaultPingInterval  = 30 * time.Second
)

// Options configure [Conns]. A nil pointer means the zero value. Conns copies them.
type Options struct {
	// Dial has the options of each connection. All connections share its pointers, such as Events
	// and Limits.Budget. If Limits.PingInterval is 0, DefaultPingInterval is used, 30 s. If it is
	// negative, no pings are sent.
	Dial *websocket.DialOptions

	// Refresh, if set, is called before each attempt, including the first. It may change opts,
	// which is a copy of Dial. For example, it may set a new token in opts.Header, which is never
	// nil. Changes apply to one attempt. last is nil before the first attempt. Later it is an
	// [*Error] that says why the last connection ended or the last attempt failed. The loop waits
	// for Refresh, which must obey ctx. That ends with the loop's context, or after
	// Dial.Limits.HandshakeTimeout.
	//
	// With Refresh, a first refusal by the server is not final, because new credentials may help.
	// It is final if the next attempt is refused as well, or if the next connection ends with a
	// refusal before it has lasted, as [Conns] describes.
	//
	// An error of Refresh counts as a failed attempt, because an outage often affects the source of
	// the token, too. It is final if it wraps last, or if its class is [Refused]: return
	// &Error{Class: Refused, Err: err} to end the loop with err.
	Refresh func(ctx context.Context, opts *websocket.DialOptions, last error) error

	// MinWait and MaxWait are the first and the largest limit of the random wait before an attempt;
	// see [Conns]. A wait may be shorter than MinWait. If MaxWait is less than MinWait, MinWait is
	// used for both. With a negative MaxWait, the limit has no maximum. A negative MinWait is an
	// error, because nobody should dial without any wait. Defaults: DefaultMinWait, 1 s, and
	// DefaultMaxWait, 1 minute.
	MinWait, MaxWait time.Duration

	// MaxRetryAfter limits the time that a server can ask for in a Retry-After field. Negative: no
	// limit. Default: DefaultMaxRetryAfter, 1 hour.
	MaxRetryAfter time.Duration

	// Retrying, if set, is called before each wait, for logs and metrics. The wait begins when it
	// returns, so it must return soon.
	Retrying func(err *Error)
}

var errMinWait = errors.New("Options.MinWait is negative; want 0 for the default, or more")

// withDefaults returns a copy of o, which may be nil, with its defaults except those of Dial.
func (o *Options) withDefaults() (Options, error) {
	var c Options
	if o != nil {
		c = *o
	}
	c.Dial = cloneDial(c.Dial)
	c.MinWait = defaultTo(c.MinWait, DefaultMinWait)
	c.MaxWait = max(defaultTo(c.MaxWait, DefaultMaxWait), c.MinWait)
	c.MaxRetryAfter = defaultTo(c.MaxRetryAfter, DefaultMaxRetryAfter)
	if o != nil && o.MinWait < 0 {
		return c, errMinWait
	}
	return c, nil
}

// defaultTo returns d, value if d is 0, and the longest duration if d is negative.
func defaultTo(d, value time.Duration) time.Duration {
	switch {
	case d > 0:
		return d
	case d == 0:
		return value
	}
	return math.MaxInt64
}

// cloneDial returns a copy of o, which may be nil, whose Header is not nil.
func cloneDial(o *websocket.DialOptions) *websocket.DialOptions {
	var c websocket.DialOptions
	if o != nil {
		c = *o
	}
	if c.Header = c.Header.Clone(); c.Header == nil {
		c.Header = http.Header{}
	}
	c.Subprotocols = slices.Clone(c.Subprotocols)
	c.Extensions = slices.Clone(c.Extensions)
	return &c
}
