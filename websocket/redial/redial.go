package redial

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// closeTimeout is how long to wait for a peer's close frame. It is enough for a round trip over a
// satellite. A peer that is gone delays the next attempt by no more than this.
const closeTimeout = time.Second

// Conns returns an iterator over connections to url, one at a time. It opens each with
// [websocket.Dial]. When a connection has ended or cannot be opened, Conns waits and dials again.
// opts may be nil.
//
// The body of the loop uses one connection. Unless it breaks or returns, the next connection
// follows. If the body leaves its connection open, Conns closes it with 1000 and waits for the
// peer's close frame for at most a second. If the body panics, Conns closes the connection with
// 1011 and does not wait.
//
// When ctx ends, so does an attempt or a wait, and an open connection is closed with 1001, even
// while the body uses it. A program that sends a last message must do so, and break, before it ends
// ctx.
//
// Unless the body breaks earlier, the last iteration yields an [*Error] and no connection. Either
// the server has refused for good (see [Refused]), or an error of Options.Refresh is final, or the
// options or the URL are invalid, or ctx has ended. In the last case, the error matches both the
// error and the cause of ctx.
//
// Conns dials again even if the server closes a connection normally, because servers do that when
// they restart. A body that is done after a normal closure must break. [websocket.Conn.Closure] and
// [websocket.CloseStatus] tell how the connection was closed.
//
// # Waits
//
// Each wait is a random time below a limit. The limit is Options.MinWait at first. It doubles with
// each attempt that fails and each connection that ends, up to Options.MaxWait. After a connection
// that has lasted, the limit is MinWait again. A connection has lasted if it was open for at least
// as long as the limit of the wait before it, whichever side ended it. The time that the body takes
// after the end does not count. A server that accepts connections and drops them at once is thus
// dialed no more often than one that refuses them.
//
// If a response has a Retry-After field, its time is added to the random one. The limit is then at
// least half of that time, so that the clients of a server do not all return at once.
//
// # Keepalive
//
// By default, Limits.PingInterval is 30 s, so that Conns notices when the server has vanished. That
// works only while something reads: the body, or [websocket.Conn.CloseRead].
//
// # Concurrency
//
// The iterator may be used more than once, and by several goroutines at the same time. Each loop
// has its own connections and waits.
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

	attempts int    // what Error.Attempt counts
	refused  bool   // the last error was a refusal, and no connection has lasted since
	last     *Error // that of the last wait; nil at first, and once a connection is open
}

// run opens connections and yields them, until the body breaks or an error is final.
func (l *loop) run(yield func(*websocket.Conn, error) bool) {
	for l.ctx.Err() == nil {
		c, err := l.dial()
		if err == nil {
			if err = l.use(c, yield); err == nil {
				return
			}
		}
		if l.ctx.Err() != nil {
			break
		}
		l.attempts++
		err.Attempt = l.attempts
		if l.isFinal(err) {
			yield(nil, err)
			return
		}
		l.wait(err)
	}
	yield(nil, l.ended())
}

// use yields c, closes it, and returns why it has ended, or nil if the body breaks.
func (l *loop) use(c *websocket.Conn, yield func(*websocket.Conn, error) bool) *Error {
	l.last = nil // a connection is open
	lasted, more := l.lend(c, yield)
	if !more {
		return nil
	}
	if lasted >= l.opts.limit(l.attempts) {
		l.attempts, l.refused = 0, false
	}
	cause := c.Closure().Err
	return &Error{Class: Classify(cause), Err: cause}
}

// lend yields c and closes it. It returns how long c was open in the body.
func (l *loop) lend(
	c *websocket.Conn, yield func(*websocket.Conn, error) bool,
) (lasted time.Duration, more bool) {
	closed := make(chan struct{})
	stop := context.AfterFunc(l.ctx, func() {
		defer close(closed)
		shut(c, websocket.StatusGoingAway, closeTimeout)
	})
	// The values for a body that panics or calls runtime.Goexit.
	code, within := websocket.StatusInternalError, time.Duration(0)
	defer func() {
		if !stop() {
			<-closed
		}
		shut(c, code, within)
	}()
	age := ageOf(c)
	more = yield(c, nil)
	code, within = websocket.StatusNormalClosure, closeTimeout
	return age(), more
}

// shut closes c, unless it has ended, and waits for the peer's close frame no longer than within.
func shut(c *websocket.Conn, code websocket.StatusCode, within time.Duration) {
	ctx, cancel := context.WithTimeout(context.Background(), within)
	defer cancel()
	_ = c.Close(ctx, code, "") // c.Closure has the cause
}

// isFinal reports whether err ends the loop. With Options.Refresh, a refusal does so only if it
// follows another.
func (l *loop) isFinal(err *Error) bool {
	refused := err.Class == Refused
	err.final = err.final || refused && (l.refused || l.opts.Refresh == nil)
	l.refused = refused
	return err.final
}

// wait waits until the next attempt is due or the context ends.
func (l *loop) wait(err *Error) {
	err.Wait = l.opts.wait(l.attempts, err.asked)
	l.last = err
	if l.opts.Retrying != nil {
		l.opts.Retrying(err)
	}
	select {
	case <-time.After(err.Wait):
	case <-l.ctx.Done():
	}
}

// final returns an error that ends the loop.
func (l *loop) final(class Class, err error) *Error {
	return &Error{Class: class, Attempt: l.attempts, Err: err, final: true}
}

// ended returns the error for the end of the context. Its text includes the last failure, if no
// connection followed it, because "deadline exceeded" alone does not say what to repair.
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
