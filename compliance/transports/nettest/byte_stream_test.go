package nettest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// TestNetConn runs nettest.TestConn with both ends of a WebSocket, as a user
// gets them, over each kind of transport that can pass: TLS cannot go on after a
// write that a deadline has cut in the middle.
func TestNetConn(t *testing.T) {
	for _, l := range []struct {
		name   string
		listen func(t *testing.T) net.Listener
	}{
		{"tcp", func(t *testing.T) net.Listener { return listen(t, "tcp", "127.0.0.1:0") }},
		{"unix", func(t *testing.T) net.Listener { return listen(t, "unix", filepath.Join(t.TempDir(), "s")) }},
		{"pipe", func(t *testing.T) net.Listener { return newPipeListener() }},
	} {
		t.Run(l.name, func(t *testing.T) {
			s := newServer(t, l.listen(t))
			nettest.TestConn(t, s.makePipe)
		})
	}
}

func listen(t *testing.T, network, addr string) net.Listener {
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// A server accepts WebSockets and hands out their ends.
type server struct {
	ln       net.Listener
	accepted chan *websocket.Conn
}

func newServer(t *testing.T, ln net.Listener) *server {
	s := &server{ln: ln, accepted: make(chan *websocket.Conn)}
	hs := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c, err := websocket.Accept(w, r, nil); err == nil {
			s.accepted <- c
		}
	})}
	go hs.Serve(ln)
	t.Cleanup(func() { hs.Close() })
	return s
}

// dial connects to the server's listener, whatever the address.
func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p, ok := s.ln.(*pipeListener); ok {
		return p.dial(ctx)
	}
	addr := s.ln.Addr()
	return new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
}

// TestNewConn does the same without a handshake, over streams with deadlines and without.
func TestNewConn(t *testing.T) {
	for _, row := range []struct {
		name string
		pipe func() (net.Conn, net.Conn, error)
		wrap func(net.Conn) net.Conn
	}{
		{"tcp", tcpPair, func(c net.Conn) net.Conn { return c }},
		{"tcp without deadlines", tcpPair, func(c net.Conn) net.Conn { return undeadlined{c} }},
		{"pipe without deadlines", netPipe, func(c net.Conn) net.Conn { return undeadlined{c} }},
		{"tcp without write deadlines", tcpPair, func(c net.Conn) net.Conn { return readDeadlined{c} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b, err := row.pipe()
				if err != nil {
					return nil, nil, nil, err
				}
				client := websocket.NewConn(context.Background(), row.wrap(a), &websocket.ConnOptions{Role: wire.Client})
				server := websocket.NewConn(context.Background(), row.wrap(b), nil)
				c1, c2 = client.ByteStream(websocket.Binary), server.ByteStream(websocket.Binary)
				return c1, c2, func() { closeBoth(c1, c2) }, nil
			})
		})
	}
}

func netPipe() (net.Conn, net.Conn, error) {
	a, b := net.Pipe()
	return a, b, nil
}

// tcpPair returns both ends of a connection over loopback.
func tcpPair() (net.Conn, net.Conn, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, nil, err
	}
	defer ln.Close()
	a, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		return nil, nil, err
	}
	b, err := ln.Accept()
	if err != nil {
		a.Close()
		return nil, nil, err
	}
	return a, b, nil
}

// An undeadlined stream has no deadlines, as a channel of ssh.
type undeadlined struct{ net.Conn }

func (undeadlined) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (undeadlined) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (undeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// A readDeadlined stream has read deadlines alone.
type readDeadlined struct{ net.Conn }

func (readDeadlined) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (readDeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// makePipe is a nettest.MakePipe.
func (s *server) makePipe() (c1, c2 net.Conn, stop func(), err error) {
	client, _, err := websocket.Dial(context.Background(), "ws://localhost", &websocket.DialOptions{NetDial: s.dial})
	if err != nil {
		return nil, nil, nil, err
	}
	c1, c2 = client.ByteStream(websocket.Binary), (<-s.accepted).ByteStream(websocket.Binary)
	return c1, c2, func() { closeBoth(c1, c2) }, nil
}

// closeBoth closes both ends at once, since each waits for the other.
func closeBoth(c1, c2 net.Conn) {
	var wg sync.WaitGroup
	for _, c := range []net.Conn{c1, c2} {
		wg.Go(func() { c.Close() })
	}
	wg.Wait()
}

// A pipeListener is a listener of net.Pipes.
type pipeListener struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func newPipeListener() *pipeListener {
	return &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	client, server := net.Pipe()
	select {
	case l.conns <- server:
		return client, nil
	case <-l.closed:
		return nil, errors.ErrUnsupported
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }
