package transports

import (
	"context"
	"errors"
	"net"
	"os"
	"testing"
	"time"

	"google.golang.org/grpc/test/bufconn"

	"github.com/hawser-ws/hawser/websocket/wstest"
)

var pipeKinds = []kind{
	{name: "pipe", reads: true, writes: true, memory: true, open: openPipe(net.Pipe, bare)},
	{name: "wstest.Pipe", reads: true, writes: true, memory: true, open: openPipe(wstest.Pipe, bare)},
	{name: "no-op deadlines", memory: true, open: openPipe(net.Pipe, noopDeadlines)},
	{
		name: "failing deadlines", reads: true, writes: true, failing: true, memory: true,
		open: openPipe(net.Pipe, failingDeadlines),
	},
	{name: "bufconn", reads: true, memory: true, open: openBufconn(bare)},
	{name: "no-op deadlines, buffered", memory: true, open: openBufconn(noopDeadlines)},
}

// A wrapper wraps a net.Conn in another type.
type wrapper func(net.Conn) net.Conn

func bare(c net.Conn) net.Conn             { return c }
func wrapped(c net.Conn) net.Conn          { return plainConn{c} }
func noopDeadlines(c net.Conn) net.Conn    { return noopDeadlineConn{c} }
func failingDeadlines(c net.Conn) net.Conn { return failingDeadlineConn{c} }

// A plainConn has the methods of net.Conn and no others.
type plainConn struct{ net.Conn }

// A temporaryConn returns timeouts as temporary errors. The timeouts of bufconn and yamux are not temporary,
// and crypto/tls ends the connection after such an error.
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

// A noopDeadlineConn accepts deadlines and ignores them.
type noopDeadlineConn struct{ net.Conn }

func (noopDeadlineConn) SetDeadline(time.Time) error      { return nil }
func (noopDeadlineConn) SetReadDeadline(time.Time) error  { return nil }
func (noopDeadlineConn) SetWriteDeadline(time.Time) error { return nil }

// A failingDeadlineConn returns an error when a deadline is set.
type failingDeadlineConn struct{ net.Conn }

var errNoDeadlines = errors.New("deadlines are not supported")

func (failingDeadlineConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (failingDeadlineConn) SetReadDeadline(time.Time) error  { return errNoDeadlines }
func (failingDeadlineConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// A readDeadlineOnlyConn returns an error when a write deadline is set.
type readDeadlineOnlyConn struct{ net.Conn }

func readDeadlinesOnly(c net.Conn) net.Conn { return readDeadlineOnlyConn{c} }

func (readDeadlineOnlyConn) SetDeadline(time.Time) error      { return errNoDeadlines }
func (readDeadlineOnlyConn) SetWriteDeadline(time.Time) error { return errNoDeadlines }

// openPipe connects with pipe, which makes the two ends of a stream in memory.
func openPipe(pipe func() (a, b net.Conn), wrap wrapper) openFunc {
	return func(t testing.TB) (net.Listener, dialFunc) {
		l := newMemoryListener(t)
		return l, func(ctx context.Context) (net.Conn, error) {
			a, b := pipe()
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
