package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/websocket/internal/movable"
)

// adapterMessage is the largest message that the adapter sends, in bytes. Common limits of peers
// are larger.
const adapterMessage = 64 << 10

// ByteStream returns a [net.Conn] whose bytes are sent in messages of type t, for protocols that
// need a stream. The boundaries of messages carry no meaning: Write sends messages of up to 64 KiB,
// and Read joins them.
//
// With Binary, a text message from the peer closes the connection with StatusUnsupportedData. With
// Text, Read accepts messages of both types, and the stream that is written must be UTF-8. Write
// does not divide a rune between two messages. If p ends within a rune, Write counts those bytes,
// at most 3, as written and sends them with the next Write. If there is no next Write, Close drops
// them, closes with StatusInternalError and returns an error.
//
// Any number of goroutines may use the stream. A deadline that passes loses no byte: the next call
// continues where the last one stopped. There is one exception: a Write that is cut in the middle
// over TLS, or over another transport that cannot resume it, ends the connection, as with a
// [tls.Conn]. Deadlines affect neither pongs nor Close. Do not read from c while the stream is in
// use.
//
// Close is [Conn.Close] with StatusNormalClosure. A Read or Write in progress does not wait for the
// closing handshake. It is interrupted as by a deadline, and at once returns an error that matches
// [net.ErrClosed].
//
// Read returns [io.EOF] once the peer has closed with StatusNormalClosure, StatusGoingAway or no
// status. If the stream ends in another way, the error wraps a [CloseError] or, if no close frame
// arrived, [io.ErrUnexpectedEOF] or the transport's error. The error matches [net.ErrClosed] only
// after this side has closed the stream.
func (c *Conn) ByteStream(t MessageType) net.Conn { return &adapter{c: c, typ: t} }

type adapter struct {
	c      *Conn // not embedded, to hide NetConn
	typ    MessageType
	closed atomic.Bool

	reading      sync.Mutex
	r            *MessageReader // the message in progress
	readDeadline movable.Deadline

	writing       sync.Mutex
	half          []byte // of a rune, written and not sent
	writeDeadline movable.Deadline
}

func (a *adapter) LocalAddr() net.Addr  { return a.c.LocalAddr() }
func (a *adapter) RemoteAddr() net.Addr { return a.c.RemoteAddr() }

func (a *adapter) Read(p []byte) (int, error) {
	switch {
	case a.closed.Load():
		return 0, closedByUs("read")
	case len(p) == 0:
		return 0, nil
	}
	a.reading.Lock()
	defer a.reading.Unlock()
	n, err := a.read(a.readDeadline.Context(), p)
	return n, a.callError("read", err)
}

func (a *adapter) read(ctx context.Context, p []byte) (n int, err error) {
	for n == 0 && err == nil {
		if a.r == nil {
			if a.r, err = a.c.Reader(ctx); err != nil {
				return 0, err
			}
		}
		if a.r.typ == Text && a.typ == Binary {
			return 0, a.c.refuse(ctx, errTextMessage)
		}
		a.r.SetContext(ctx)
		if n, err = a.r.Read(p); err == io.EOF {
			a.r, err = nil, nil
		}
	}
	return n, err
}

// refuse fails the connection because of the message that has begun.
func (c *Conn) refuse(ctx context.Context, err error) error {
	if err := c.beginRead(ctx); err != nil {
		return err
	}
	defer c.endRead()
	return c.failConnection(ctx, err)
}

func (a *adapter) Write(p []byte) (n int, err error) {
	a.writing.Lock()
	defer a.writing.Unlock()
	if a.closed.Load() {
		return 0, closedByUs("write")
	}
	ctx := a.writeDeadline.Context()
	for len(p) > 0 {
		m := a.cut(p)
		if len(a.half)+m == 0 {
			a.half = append(a.half, p...)
			return n + len(p), nil
		}
		err := a.c.WriteBuffers(ctx, a.typ, a.half, p[:m])
		if err == nil || isAccepted(err) {
			n += m // bytes that were cut are sent later
			a.half = nil
		}
		if err != nil {
			if err := a.callError("write", err); err != io.EOF { // io.EOF is for Read alone
				return n, err
			}
			return n, &brokenStream{err}
		}
		p = p[m:]
	}
	return n, nil
}

// cut returns how many bytes of p go into the next message, after a.half. It returns -len(a.half)
// if a.half and p together are the beginning of a rune.
func (a *adapter) cut(p []byte) int {
	n := min(len(p), adapterMessage-len(a.half))
	if a.typ == Text {
		var b [2 * utf8.UTFMax]byte
		n -= halfRune(append(append(b[:0], a.half...), p[max(n-utf8.UTFMax, 0):n]...))
	}
	return n
}

// halfRune returns how many bytes at the end of p are the beginning of a rune.
func halfRune(p []byte) int {
	for n := 1; n < utf8.UTFMax && n <= len(p); n++ {
		if b := p[len(p)-n:]; utf8.RuneStart(b[0]) {
			if utf8.FullRune(b) {
				return 0
			}
			return n
		}
	}
	return 0
}

// callError is streamError for a Read or Write. It reports the adapter's own Close first.
func (a *adapter) callError(op string, err error) error {
	if err != nil && a.closed.Load() {
		return closedByUs(op)
	}
	return streamError(err)
}

func closedByUs(op string) error {
	return &Error{Op: op, Err: net.ErrClosed, closed: true, local: true}
}

// streamError converts err for users of a net.Conn. To them, [net.ErrClosed] means their own Close.
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

// peerClose returns the peer's close frame if that is the cause of err, or nil.
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
	a.closed.Store(true)
	a.readDeadline.Close()
	a.writeDeadline.Close()
	code, reason, half := StatusNormalClosure, "", error(nil)
	if a.writing.TryLock() {
		if len(a.half) > 0 {
			code, reason, half = StatusInternalError, "text ends within a rune", errHalfRune
			a.half = nil
		}
		a.writing.Unlock()
	}
	err := streamError(a.c.Close(context.Background(), code, reason))
	if err == nil || err == io.EOF { // the peer closed first
		return half
	}
	return err
}

func (a *adapter) SetDeadline(t time.Time) error {
	return errors.Join(a.SetReadDeadline(t), a.SetWriteDeadline(t))
}

func (a *adapter) SetReadDeadline(t time.Time) error {
	a.readDeadline.Set(t)
	return a.ended()
}

func (a *adapter) SetWriteDeadline(t time.Time) error {
	a.writeDeadline.Set(t)
	return a.ended()
}

// ended returns an error once this side has closed.
func (a *adapter) ended() error {
	if a.closed.Load() || a.c.closing.dropped.Load() {
		return net.ErrClosed
	}
	return nil
}
