package compressed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"

	"github.com/hawser-ws/hawser/websocket"
)

// A way is a way to read a message from a Conn. If err is not nil, b is the part that was read before.
type way struct {
	name string
	read func(ctx context.Context, c *websocket.Conn) (typ websocket.MessageType, b []byte, err error)
}

var ways = []way{
	{"Read", func(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
		return c.Read(ctx)
	}},
	{"AppendRead", func(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
		typ, b, err := c.AppendRead(ctx, append(make([]byte, 0, 100), "before"...))
		if !bytes.HasPrefix(b, []byte("before")) {
			return typ, b, errors.New("AppendRead changed the bytes before the message")
		}
		return typ, b[len("before"):], err
	}},
	{"Messages", func(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
		for m, err := range c.Messages(ctx) {
			return m.Type, bytes.Clone(m.Data), err
		}
		return 0, nil, net.ErrClosed
	}},
	{"Reader", func(ctx context.Context, c *websocket.Conn) (websocket.MessageType, []byte, error) {
		return readStream(ctx, c, 1000)
	}},
}

// readStream reads a message through a Reader, at most size bytes for each call.
func readStream(ctx context.Context, c *websocket.Conn, size int) (websocket.MessageType, []byte, error) {
	r, err := c.Reader(ctx)
	if err != nil {
		return 0, nil, err
	}
	var b bytes.Buffer
	p := make([]byte, size)
	for {
		n, err := r.Read(p)
		b.Write(p[:n])
		if err == io.EOF {
			return r.Type(), b.Bytes(), nil
		}
		if err != nil {
			return r.Type(), b.Bytes(), err
		}
	}
}

// start runs f on a new goroutine and returns a channel that receives its error.
func start(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}
