package redial

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// closeTimeout is how long to wait for a peer's close frame. It covers a round trip over a satellite,
// and delays the next attempt little if the peer is gone.
const closeTimeout = time.Second

// Conns returns an iterator over connections to url, as [websocket.Dial] opens them: each time one
// has ended, or could not be opened, it dials again after a wait. opts may be nil.
//
// The body of the loop uses one connection. Break ends the loop. Otherwise the next connection
// follows, whichever way the body has come to its end. What it leaves open is closed with 1000, which
// takes a second at most, or with 1011 if it panics.
//
// When ctx ends, so does everything: an attempt, a wait, and also the connection, which is closed with
// 1001 even while the body does something else. A program that still wants to send something then
// must break out of the loop before it ends ctx.
//
// An error is yielded once, with a nil connection, in the last iteration. It is a [*Error]: the server
// has refused for good (see [Refused]), Options.Refresh has failed, the options or the URL are
// invalid, or ctx has ended, in which case the error matches its error and its cause.
//
// A connection that the server has closed normally is replaced, too, because servers close so when
// they restart. A body that wants to stop then checks [websocket.CloseStatus] or Conn.Closure.
//
// # Waits
//
// The wait is a random time below a limit: Options.MinWait at first, and twice as much after each
// failure, up to Options.MaxWait. It is added to the time in the Retry-After field of a response. The
// limit is MinWait again only after a connection that has lasted at least as long as the limit before
// it, whoever ended it. A server that accepts connections and drops them is therefore not dialed more
// often than one that refuses them.
//
// # Keepalive
//
// Limits.PingInterval is 30 s unless Options.Dial changes it, so that a server that has vanished is
// noticed. As always, that takes a read: the body must read, or call [websocket.Conn.CloseRead].
//
// # Concurrency
//
// The iterator may be used more than once, and by several goroutines. Each loop has its own
// connections.
func Conns(ctx context.Context, url string, opts *Options) iter.Seq2[*websocket.Conn, error] {
	o, err := opts.withDefaults()
	return func(yield func(*websocket.Conn, error) bool) {
		l := &loop{ctx: ctx, url: url, opts: &o}
		if err != nil {
			yield(nil, l.final(Refused, err))
			return
		}
		l.run(yield)
	}
}

// A loop is the state of one loop over the connections.
type loop struct {
	ctx  context.Context
	url  string
	opts *Options // with defaults

	attempts int    // since a connection has lasted
	refused  bool   // since a connection has lasted
	last     *Error // why the last connection ended, or the last attempt failed; nil at first
}

// run opens connections, and yields them, until yield returns false or there is a final error.
func (l *loop) run(yield func(*websocket.Conn, error) bool) {
	for {
		if l.ctx.Err() != nil {
			yield(nil, l.ended())
			return
		}
		c, asked, err := l.dial()
		switch {
		case l.ctx.Err() != nil: // whatever has come of the attempt
			if c != nil {
				shut(c, websocket.StatusGoingAway, closeTimeout)
			}
			continue
		case err == nil:
			began := time.Now()
			if !l.use(c, yield) {
				return
			}
			if time.Since(began) >= l.opts.limit(l.attempts) {
				l.attempts, l.refused = 0, false
			}
			cause := c.Closure().Err
			err = &Error{Class: Classify(cause), Err: cause}
		}
		if l.isFinal(err) {
			yield(nil, err)
			return
		}
		l.wait(err, asked)
	}
}

// use yields c and closes it.
func (l *loop) use(c *websocket.Conn, yield func(*websocket.Conn, error) bool) (more bool) {
	closed := make(chan struct{})
	stop := context.AfterFunc(l.ctx, func() {
		defer close(closed)
		shut(c, websocket.StatusGoingAway, closeTimeout)
	})
	code, within := websocket.StatusInternalError, time.Duration(0) // of a panic, and of Goexit
	defer func() {
		if !stop() {
			<-closed
		}
		shut(c, code, within)
	}()
	more = yield(c, nil)
	code, within = websocket.StatusNormalClosure, closeTimeout
	return more
}

// shut closes c, unless it is closed, and waits for the peer's close frame for a time.
func shut(c *websocket.Conn, code websocket.StatusCode, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.Close(ctx, code, "") // the cause of the end is in c.Closure
}

// isFinal reports whether err ends the loop, and notes a refusal.
func (l *loop) isFinal(err *Error) bool {
	if err.Class == Refused {
		err.final = err.final || l.opts.Refresh == nil || l.refused
		l.refused = true
	}
	return err.final
}

// wait waits for the next attempt, or the end of the context.
func (l *loop) wait(err *Error, asked time.Duration) {
	l.attempts++
	err.Attempt, err.Wait = l.attempts, l.opts.wait(l.attempts, asked)
	l.last = err
	if l.opts.Retrying != nil {
		l.opts.Retrying(err)
	}
	timer := time.NewTimer(err.Wait)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
	}
}

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

func (l *loop) final(class Class, err error) *Error {
	return &Error{Class: class, Attempt: l.attempts, Err: err, final: true}
}

// ended returns the error of the end of the context. Its text says what went wrong before, if
// anything did.
func (l *loop) ended() *Error {
	err := l.ctx.Err()
	if cause := context.Cause(l.ctx); !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", err, cause)
	}
	if l.last != nil && l.last.Class != Clean {
		err = fmt.Errorf("%w; before that: %v", err, l.last.Err)
	}
	return l.final(Clean, err)
}
