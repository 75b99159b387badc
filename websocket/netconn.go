package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// adapterMessage is the largest message that the adapter sends, in bytes: well
// below what peers limit messages to.
const adapterMessage = 64 << 10

// AsNetConn returns a [net.Conn] whose bytes travel in messages of type t, for
// protocols that want a stream. How the bytes are divided into messages means
// nothing: Write cuts at 64 KiB, and Read joins, text and binary alike. With Text,
// what is written must be UTF-8 with no rune cut.
//
// Any number of goroutines may use it. A deadline that passes loses no byte: the
// next call goes on where the last one was. (Over TLS, as with a [tls.Conn], a
// Write that a deadline has cut in the middle ends the connection.) Deadlines do
// not bear on pongs, nor on Close. Close is [Conn.Close] with StatusNormalClosure. Do
// not read from c itself meanwhile.
//
// Read returns [io.EOF] once the peer has closed with StatusNormalClosure,
// StatusGoingAway or no status. A stream that ends in another way is an error that
// wraps a [CloseError] or, if no close frame came, [io.ErrUnexpectedEOF] or the
// transport's error. Only after this side has closed does it match [net.ErrClosed].
func (c *Conn) AsNetConn(t MessageType) net.Conn { return &adapter{Conn: c, typ: t} }

type adapter struct {
	*Conn
	typ MessageType

	reading      sync.Mutex
	r            *MessageReader // the message in progress
	readDeadline userDeadline

	writing       sync.Mutex
	writeDeadline userDeadline
}

func (a *adapter) Read(p []byte) (int, error) {
	a.reading.Lock()
	defer a.reading.Unlock()
	ctx := a.readDeadline.context()
	for {
		if a.r == nil {
			r, err := a.Reader(ctx)
			if err != nil {
				return 0, streamError(err)
			}
			a.r = r
		}
		n, err := a.r.WithContext(ctx).Read(p)
		if err == io.EOF {
			a.r, err = nil, nil
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, streamError(err)
		}
	}
}

func (a *adapter) Write(p []byte) (n int, err error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	ctx := a.writeDeadline.context()
	for first := true; first || len(p) > 0; first = false {
		m := min(len(p), adapterMessage)
		err := a.Conn.Write(ctx, a.typ, p[:m])
		if err == nil || isAccepted(err) {
			n += m // also what was cut: it is sent later
		}
		if err != nil {
			if told := streamError(err); told != io.EOF { // which is for who reads
				return n, told
			}
			return n, &brokenStream{err}
		}
		p = p[m:]
	}
	return n, nil
}

// streamError is err as users of a net.Conn expect it: they take [net.ErrClosed] for
// their own Close.
func streamError(err error) error {
	e, _ := err.(*Error)
	switch {
	case err == nil:
		return nil
	case closedWell(peerClose(err)):
		return io.EOF
	case e != nil && !e.closed:
		if errors.Is(err, os.ErrDeadlineExceeded) {
			return os.ErrDeadlineExceeded
		}
		return err
	case e != nil && (e.local || e.Err == net.ErrClosed):
		return err
	}
	return &brokenStream{err}
}

// peerClose returns the close frame of the peer that err, of an operation, is about, or
// nil.
func peerClose(err error) error {
	if e, ok := err.(*Error); ok && !e.local {
		err = e.Err
	}
	if peer, ok := err.(*CloseError); ok {
		return peer
	}
	return nil
}

// A brokenStream is the error of a connection that this side has not closed.
type brokenStream struct{ err error }

func (e *brokenStream) Error() string { return e.err.Error() }
func (e *brokenStream) Is(target error) bool {
	return target != net.ErrClosed && errors.Is(e.err, target)
}
func (e *brokenStream) As(target any) bool { return errors.As(e.err, target) }
func (e *brokenStream) Temporary() bool    { return false }

func (e *brokenStream) Timeout() bool {
	op, ok := e.err.(*Error)
	return ok && op.Timeout()
}

func (a *adapter) Close() error {
	err := streamError(a.Conn.Close(context.Background(), StatusNormalClosure, ""))
	if err == io.EOF {
		return nil // the peer was first
	}
	return err
}

func (a *adapter) SetDeadline(t time.Time) error {
	return errors.Join(a.SetReadDeadline(t), a.SetWriteDeadline(t))
}

func (a *adapter) SetReadDeadline(t time.Time) error {
	a.readDeadline.set(t)
	return a.ended()
}

func (a *adapter) SetWriteDeadline(t time.Time) error {
	a.writeDeadline.set(t)
	return a.ended()
}

// ended is the error of setting a deadline once this side has closed.
func (a *adapter) ended() error {
	if a.closing.dropped.Load() {
		return net.ErrClosed
	}
	return nil
}

// A userDeadline is a deadline that may be moved while somebody waits for it. It
// is a context, which ends when the deadline passes, and another context after
// that.
type userDeadline struct {
	mu    sync.Mutex
	ctx   timeout
	pass  func()      // ends ctx
	timer *time.Timer // calls pass; nil if the deadline is not to come
}

// A timeout is a context that can end in one way.
type timeout struct{ context.Context }

func (t timeout) Err() error {
	if t.Context.Err() != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// context returns the context that ends when the deadline passes.
func (d *userDeadline) context() context.Context {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.pass == nil {
		d.renew()
	}
	return d.ctx
}

func (d *userDeadline) renew() {
	ctx, cancel := context.WithCancelCause(context.Background())
	d.ctx.Context, d.pass = ctx, func() { cancel(os.ErrDeadlineExceeded) }
}

// set sets the deadline. The zero time means none.
func (d *userDeadline) set(t time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.timer != nil && !d.timer.Stop() {
		<-d.ctx.Done() // the call of pass is on its way and must not come late
	}
	d.timer = nil
	if d.pass == nil || d.ctx.Err() != nil {
		d.renew()
	}
	if t.IsZero() {
		return
	}
	if wait := time.Until(t); wait > 0 {
		d.timer = time.AfterFunc(wait, d.pass)
	} else {
		d.pass()
	}
}
