package transports

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/test/bufconn"
)

var pipeKinds = []kind{
	{name: "pipe", reads: true, writes: true, memory: true, open: openPipe(bare)},
	{name: "no-op deadlines", memory: true, open: openPipe(heedless)},
	{name: "failing deadlines", reads: true, writes: true, unable: true, memory: true, open: openPipe(unable)},
	{name: "bufconn", reads: true, memory: true, open: openBufconn(bare)},
	{name: "no-op deadlines, buffered", memory: true, open: openBufconn(heedless)},
}

// A wrapper puts a net.Conn of another type around one.
type wrapper func(net.Conn) net.Conn

func bare(c net.Conn) net.Conn     { return c }
func wrapped(c net.Conn) net.Conn  { return plainConn{c} }
func heedless(c net.Conn) net.Conn { return heedlessConn{c} }
func unable(c net.Conn) net.Conn   { return unableConn{c} }

// A plainConn can do what a net.Conn must, and nothing else.
type plainConn struct{ net.Conn }

// A temporaryConn has timeouts that are temporary errors. Package tls takes others for
// the end of the connection, as those of bufconn and yamux are.
type temporaryConn struct{ net.Conn }

func temporary(c net.Conn) net.Conn { return temporaryConn{c} }

func (c temporaryConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	return n, asTemporary(err)
}
func (c temporaryConn) Write(p []byte) (int, error) {
	n, err := c.Conn.Write(p)
	return n, asTemporary(err)
}

func asTemporary(err error) error {
	if e, ok := err.(net.Error); ok && e.Timeout() {
		return os.ErrDeadlineExceeded
	}
	return err
}

// A heedlessConn accepts deadlines and ignores them.
type heedlessConn struct{ net.Conn }

func (heedlessConn) SetDeadline(time.Time) error      { return nil }
func (heedlessConn) SetReadDeadline(time.Time) error  { return nil }
func (heedlessConn) SetWriteDeadline(time.Time) error { return nil }

// An unableConn refuses deadlines.
type unableConn struct{ net.Conn }

var errNoDeadlines = errors.New("deadlines are not supported")

func (unableConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (unableConn) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (unableConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }

func openPipe(wrap wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l := newMemoryListener(t)
		return l, func(ctx context.Context) (net.Conn, error) {
			a, b := net.Pipe()
			return wrap(b), l.offer(ctx, wrap(a))
		}
	}
}

func openBufconn(wrap wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l := bufconn.Listen(64 << 10)
		return wrapListener{l, wrap}, func(ctx context.Context) (net.Conn, error) {
			c, err := l.DialContext(ctx)
			if err != nil {
				return nil, err
			}
			return wrap(c), nil
		}
	}
}

// A wrapListener wraps the connections of another listener.
type wrapListener struct {
	net.Listener
	wrap wrapper
}

func (l wrapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.wrap(c), nil
}
