package nettest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

func listen(t *testing.T, network, addr string) net.Listener {
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	return ln
}

// A server accepts WebSockets and sends their server ends to accepted.
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

// dial connects to the server's listener. It ignores the address.
func (s *server) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	if p, ok := s.ln.(*pipeListener); ok {
		return p.dial(ctx)
	}
	addr := s.ln.Addr()
	return new(net.Dialer).DialContext(ctx, addr.Network(), addr.String())
}

func netPipe() (net.Conn, net.Conn, error) {
	a, b := net.Pipe()
	return a, b, nil
}

// tcpPair returns both ends of a TCP connection over loopback.
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

// An undeadlined stream supports no deadlines, like an SSH channel.
type undeadlined struct{ net.Conn }

func (undeadlined) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (undeadlined) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (undeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// A readDeadlined stream supports only read deadlines.
type readDeadlined struct{ net.Conn }

func (readDeadlined) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (readDeadlined) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// makePipe is a nettest.MakePipe.
func (s *server) makePipe() (c1, c2 net.Conn, stop func(), err error) {
	opts := &websocket.DialOptions{NetDial: s.dial}
	client, _, err := websocket.Dial(context.Background(), "ws://localhost", opts)
	if err != nil {
		return nil, nil, nil, err
	}
	c1, c2 = client.ByteStream(websocket.Binary), (<-s.accepted).ByteStream(websocket.Binary)
	return c1, c2, func() { closeBoth(c1, c2) }, nil
}

// closeBoth closes both ends at the same time, because each waits for the other.
func closeBoth(c1, c2 net.Conn) {
	var wg sync.WaitGroup
	for _, c := range []net.Conn{c1, c2} {
		wg.Go(func() { c.Close() })
	}
	wg.Wait()
}

// A pipeListener accepts one end of each net.Pipe that its dial makes.
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
