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

// A deadlineListener is a listener that adds read deadlines to the connections of another
// listener. Each connection has a goroutine that reads ahead.
type deadlineListener struct{ net.Listener }

func (l deadlineListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	r, w := net.Pipe()
	go func() {
		io.Copy(w, c)
		w.Close()
	}()
	return &deadlineConn{c, r}, nil
}

// A deadlineConn is a connection with read deadlines.
type deadlineConn struct {
	net.Conn
	r net.Conn // the end of a pipe that carries the bytes read from Conn
}

func (c *deadlineConn) Read(p []byte) (int, error)        { return c.r.Read(p) }
func (c *deadlineConn) SetReadDeadline(t time.Time) error { return c.r.SetReadDeadline(t) }

// SetDeadline sets the read deadline only. A write ends when the connection is closed.
func (c *deadlineConn) SetDeadline(t time.Time) error { return c.r.SetReadDeadline(t) }

func (c *deadlineConn) Close() error {
	c.r.Close()
	return c.Conn.Close()
}

// A channel is a connection without deadlines, like a channel of golang.org/x/crypto/ssh.
type channel struct{ net.Conn }

func (channel) SetDeadline(time.Time) error      { return errors.ErrUnsupported }
func (channel) SetReadDeadline(time.Time) error  { return errors.ErrUnsupported }
func (channel) SetWriteDeadline(time.Time) error { return errors.ErrUnsupported }

// A channelListener is a listener whose connections are channels.
type channelListener struct{ net.Listener }

func (l channelListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return channel{c}, err
}

// An http.Server needs read deadlines to let a handler hijack a connection. The deadlineListener
// adds them to a transport that has none.
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
	go server.Serve(deadlineListener{channelListener{l}})

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
