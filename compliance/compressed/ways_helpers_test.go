package compressed

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"

	"github.com/hawser-ws/hawser/websocket"
)

// A way is one of those in which a Conn hands a message out. With an error, b is
// what it handed out before.
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
			return typ, b, errors.New("AppendRead has lost what stood before")
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

// readStream reads a message through a Reader, at most size bytes at a time.
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

// start runs f and returns where its error will be.
func start(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}
