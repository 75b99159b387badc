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

// Options configure [Conns]. A nil pointer means the zero value. They are copied.
type Options struct {
	// Dial are the options of each connection, which share what they point to, such as Events and
	// Limits.Budget. If Limits.PingInterval is 0, it is DefaultPingInterval, 30 s. Negative: no
	// pings.
	Dial *websocket.DialOptions

	// Refresh, if set, is called before each attempt, the first included, for example to get a new
	// token. It may change opts, a copy of Dial whose Header is a copy, too, and not nil. last is
	// nil in the first call, and after that a [*Error]: why the last connection ended, or the last
	// attempt failed. ctx ends after Dial.Limits.HandshakeTimeout.
	//
	// With Refresh, a refusal by the server is not final unless another one follows before a
	// connection has lasted.
	//
	// If Refresh returns an error that wraps a [net.Error], as those of an [http.Client] do, the
	// attempt has failed and is repeated like any other. Any other error ends the loop, and so does
	// last.
	Refresh func(ctx context.Context, opts *websocket.DialOptions, last error) error

	// MinWait and MaxWait limit the wait before an attempt, which is random: up to MinWait after a
	// connection that lasted or the first failure, and up to twice the last limit, but at most
	// MaxWait, after each further failure. A negative MinWait is an error. A negative MaxWait means
	// that the limit grows on. A MaxWait below MinWait counts as MinWait. Defaults: DefaultMinWait,
	// 1 s, and DefaultMaxWait, 1 minute.
	MinWait, MaxWait time.Duration

	// MaxRetryAfter is the longest Retry-After of a server that is honored. A longer one counts as
	// this one. Negative: no limit. Default: DefaultMaxRetryAfter, 1 hour.
	MaxRetryAfter time.Duration

	// Retrying, if set, is called before each wait, for logs and metrics. The loop waits for it.
	Retrying func(err *Error)
}

var errMinWait = errors.New("Options.MinWait is negative; want 0 for the default, or more")

// withDefaults returns a copy of o, which may be nil, with the defaults of its waits.
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

// defaultTo returns d, its default if it is 0, and the longest duration if it is negative.
func defaultTo(d, value time.Duration) time.Duration {
	switch {
	case d == 0:
		return value
	case d < 0:
		return math.MaxInt64
	}
	return d
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
