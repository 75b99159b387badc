package redial

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// dial makes one attempt. With an error, it returns the time for which the server has asked.
func (l *loop) dial() (c *websocket.Conn, asked time.Duration, failure *Error) {
	opts := cloneDial(l.opts.Dial)
	if failure = l.refresh(opts); failure != nil {
		return nil, 0, failure
	}
	if opts.Limits.PingInterval == 0 {
		opts.Limits.PingInterval = DefaultPingInterval
	}
	invalid := false
	opts.Events = websocket.JoinEvents(opts.Events, &websocket.Events{
		Refused: func(r *http.Request, _ *websocket.HandshakeError) { invalid = r == nil },
	})
	c, resp, err := websocket.Dial(l.ctx, l.url, opts)
	switch {
	case err == nil:
		return c, 0, nil
	case invalid:
		return nil, 0, l.final(Refused, err)
	}
	class, asked := judge(err, resp)
	return nil, min(asked, l.opts.MaxRetryAfter), &Error{Class: class, Err: err}
}

// refresh calls Options.Refresh. The network over which it gets a token is often that over which the
// connection was lost.
func (l *loop) refresh(opts *websocket.DialOptions) *Error {
	if l.opts.Refresh == nil {
		return nil
	}
	limit := defaultTo(opts.Limits.HandshakeTimeout, websocket.DefaultHandshakeTimeout)
	ctx, cancel := context.WithTimeout(l.ctx, limit)
	defer cancel()
	var last error // nil, not a nil *Error
	if l.last != nil {
		last = l.last
	}
	err := l.opts.Refresh(ctx, opts, last)
	if err == nil {
		return nil
	}
	var transient net.Error
	retry := errors.As(err, &transient) && (last == nil || !errors.Is(err, last))
	err = fmt.Errorf("Options.Refresh: %w", err)
	if retry {
		return &Error{Class: Network, Err: err}
	}
	return l.final(Refused, err)
}
