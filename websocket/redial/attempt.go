package redial

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
)

// dial makes one attempt. If the options or the URL are invalid, Events.Refused gets no request,
// and the error is final.
func (l *loop) dial() (*websocket.Conn, *Error) {
	opts := cloneDial(l.opts.Dial)
	if err := l.refresh(opts); err != nil {
		return nil, err
	}
	if opts.Limits.PingInterval == 0 {
		opts.Limits.PingInterval = DefaultPingInterval
	}
	var invalid bool
	opts.Events = websocket.JoinEvents(opts.Events, &websocket.Events{
		Refused: func(r *http.Request, _ *websocket.HandshakeError) { invalid = r == nil },
	})
	c, resp, err := websocket.Dial(l.ctx, l.url, opts)
	switch {
	case err == nil:
		return c, nil
	case invalid:
		return nil, l.final(Refused, err)
	}
	class, asked := judge(err, resp)
	return nil, &Error{Class: class, Err: err, asked: min(asked, l.opts.MaxRetryAfter)}
}

// refresh calls Options.Refresh, if there is one.
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
	class, again := Classify(err), last != nil && errors.Is(err, last)
	err = fmt.Errorf("Options.Refresh: %w", err)
	if class == Refused || again {
		return l.final(Refused, err)
	}
	return &Error{Class: class, Err: err}
}
