package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A readDeadlines is a listener that adds read deadlines to the connections of another
// one. Each connection has a goroutine that reads ahead.
type readDeadlines struct{ net.Listener }

func (l readDeadlines) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r, w := net.Pipe()
	go func() {
		io.Copy(w, c)
		w.Close()
	}()
	return &readDeadlineConn{c, r}, nil
}

type readDeadlineConn struct {
	net.Conn
	r net.Conn // end of a pipe that carries the bytes of Conn
}

func (c *readDeadlineConn) Read(p []byte) (int, error)        { return c.r.Read(p) }
func (c *readDeadlineConn) SetReadDeadline(t time.Time) error { return c.r.SetReadDeadline(t) }

// SetDeadline sets the deadline of reads alone. Writes end when the connection is closed.
func (c *readDeadlineConn) SetDeadline(t time.Time) error { return c.r.SetReadDeadline(t) }

func (c *readDeadlineConn) Close() error {
	c.r.Close()
	return c.Conn.Close()
}

// A channel has no deadlines, like a channel of golang.org/x/crypto/ssh.
type channel struct{ net.Conn }

func (channel) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (channel) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (channel) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

type channels struct{ net.Listener }

func (l channels) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return channel{c}, err
}

// An http.Server needs read deadlines to hand over a connection. This listener adds them
// where the transport has none.
func ExampleAccept_readDeadlines() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	server := http.Server{Handler: websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.Text, []byte("hello"))
		},
	}}
	defer server.Close()
	go server.Serve(readDeadlines{channels{l}})

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, "ws://"+l.Addr().String(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	_, message, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", message)
	// Output: hello
}
