package websocket_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// connect starts a server that runs serve, and returns a connection to it and a function
// that closes both.
func connect(serve func(context.Context, *websocket.Conn) error) (*websocket.Conn, func()) {
	server := httptest.NewServer(websocket.Handler{Serve: serve})
	c, _, err := websocket.Dial(context.Background(), server.URL, nil)
	if err != nil {
		log.Fatal(err)
	}
	return c, func() {
		c.CloseNow()
		server.Close()
	}
}

// echo sends each message back.
func echo(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}

// A loop over Messages ends without an error when the server says that it is going away.
func ExampleConn_Messages() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		for i := range 3 {
			if err := c.Write(ctx, websocket.Text, fmt.Appendf(nil, "tick %d", i)); err != nil {
				return err
			}
		}
		return c.Close(ctx, websocket.StatusGoingAway, "that was all")
	})
	defer end()

	for m, err := range c.Messages(context.Background()) {
		if err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%v: %s\n", m.Type, m.Data)
	}
	goodbye := c.Closure().Received
	fmt.Println(goodbye.Code, goodbye.Reason)
	// Output:
	// text: tick 0
	// text: tick 1
	// text: tick 2
	// 1001 (going away) that was all
}

// One buffer holds each message in turn. Once it is large enough, reading allocates nothing.
func ExampleConn_AppendRead() {
	c, end := connect(echo)
	defer end()

	ctx := context.Background()
	var buf []byte
	for _, s := range []string{"one", "two"} {
		if err := c.Write(ctx, websocket.Text, []byte(s)); err != nil {
			log.Fatal(err)
		}
		var err error
		if _, buf, err = c.AppendRead(ctx, buf[:0]); err != nil {
			log.Fatal(err)
		}
		fmt.Printf("%s\n", buf)
	}
	// Output:
	// one
	// two
}

// A read that times out loses no data. The next read continues.
func ExampleConn_Read_timeout() {
	proceed := make(chan struct{})
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		<-proceed
		return c.Write(ctx, websocket.Text, []byte("late, but here"))
	})
	defer end()

	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_, _, err := c.Read(ctx)
	fmt.Println(errors.Is(err, context.DeadlineExceeded))

	close(proceed)
	_, p, err := c.Read(context.Background())
	fmt.Printf("%s %v\n", p, err)
	// Output:
	// true
	// late, but here <nil>
}

// A message may be larger than the memory of either side.
func ExampleConn_Writer() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		r, err := c.Reader(ctx)
		if err != nil {
			return err
		}
		n, err := io.Copy(io.Discard, r)
		if err != nil {
			return err
		}
		return c.WriteJSON(ctx, n)
	})
	defer end()

	ctx := context.Background()
	w, err := c.Writer(ctx, websocket.Binary)
	if err != nil {
		log.Fatal(err)
	}
	if _, err := io.Copy(w, io.LimitReader(zeros{}, 1<<20)); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	var n int64
	err = c.ReadJSON(ctx, &n)
	fmt.Println(n, err)
	// Output: 1048576 <nil>
}

// zeros is a reader of zero bytes.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// Ping measures the round trip. Another goroutine must read meanwhile, to receive the pong. To
// detect peers that have vanished, set Limits.PingInterval instead.
func ExampleConn_Ping() {
	c, end := connect(echo)
	defer end()
	go c.Read(context.Background())

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	roundTrip, err := c.Ping(ctx)
	fmt.Println(roundTrip < time.Minute, err)
	// Output: true <nil>
}

// After the login, a client may send larger messages.
func ExampleConn_SetMaxMessage() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		c.SetMaxMessage(64)
		var login struct{ User string }
		if err := c.ReadJSON(ctx, &login); err != nil {
			return err
		}
		c.SetMaxMessage(1 << 20)
		_, p, err := c.Read(ctx)
		if err != nil {
			return err
		}
		return c.WriteJSON(ctx, fmt.Sprintf("%d bytes from %s", len(p), login.User))
	})
	defer end()

	ctx := context.Background()
	err := errors.Join(
		c.WriteJSON(ctx, map[string]string{"User": "ada"}),
		c.Write(ctx, websocket.Text, []byte(strings.Repeat("x", 1000))),
	)
	if err != nil {
		log.Fatal(err)
	}
	var answer string
	err = c.ReadJSON(ctx, &answer)
	fmt.Println(answer, err)
	// Output: 1000 bytes from ada <nil>
}

// Some gateways refuse frames of more than 32 KiB.
func ExampleLimits_maxWriteFrame() {
	server := httptest.NewServer(websocket.Handler{Serve: echo})
	defer server.Close()
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{
		Limits: websocket.Limits{MaxWriteFrame: 32 << 10},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()

	if err := c.Write(ctx, websocket.Binary, make([]byte, 100_000)); err != nil {
		log.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	fmt.Println(len(p), c.Stats().FramesWritten, err)
	// Output: 100000 4 <nil>
}

// A ByteStream carries any protocol that needs a net.Conn.
func ExampleConn_ByteStream() {
	c, end := connect(func(ctx context.Context, c *websocket.Conn) error {
		stream := c.ByteStream(websocket.Binary)
		_, err := io.Copy(stream, stream)
		return err
	})
	defer end()

	stream := c.ByteStream(websocket.Binary)
	fmt.Fprintln(stream, "any protocol over a byte stream")
	line, err := bufio.NewReader(stream).ReadString('\n')
	fmt.Printf("%q %v\n", line, err)
	// Output: "any protocol over a byte stream\n" <nil>
}
