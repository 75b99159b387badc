package fanout

import (
	"context"
	"errors"
	"net"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

var background = context.Background()

// bubble runs f in a bubble of synctest, after which no queue may have a goroutine.
func bubble(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		t.Cleanup(func() { // after those of f
			synctest.Wait()
			if n := writers(); n > 0 {
				t.Errorf("%d goroutines of queues are left", n)
			}
		})
		f(t)
	})
}

// connPair returns both ends of a connection without buffers, so that a write takes as long as its
// peer takes to read. It must be called in a bubble, at whose end both are closed.
func connPair(t *testing.T, opts websocket.ConnOptions) (server, client *websocket.Conn) {
	t.Helper()
	a, b := net.Pipe()
	opts.Role = wire.Server
	server = websocket.NewConn(background, a, &opts)
	opts.Role = wire.Client
	opts.Session = nil
	client = websocket.NewConn(background, b, &opts)
	t.Cleanup(func() {
		server.CloseNow()
		client.CloseNow()
	})
	return server, client
}

// queuePair returns a queue for one end of a connection, and the other end.
func queuePair(t *testing.T, opts *Options) (*Queue, *websocket.Conn) {
	t.Helper()
	server, client := connPair(t, websocket.ConnOptions{})
	return NewQueue(server, opts), client
}

// writers returns the number of goroutines that queues have in the bubble. Outside of it, the last
// one of an Example may be about to end.
func writers() int {
	b := make([]byte, 1<<14)
	n := runtime.Stack(b, true)
	for n == len(b) {
		b = make([]byte, 4*len(b))
		n = runtime.Stack(b, true)
	}
	count := 0
	for stack := range strings.SplitSeq(string(b[:n]), "\n\n") {
		head, calls, _ := strings.Cut(stack, "\n")
		if strings.Contains(head, "synctest bubble") &&
			(strings.Contains(calls, "fanout.(*Queue).write(") || strings.Contains(calls, "fanout.(*crew).")) {
			count++
		}
	}
	return count
}

// send calls Send for each of texts, which must be queued.
func send(t *testing.T, q *Queue, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if err := q.Send(websocket.Text, []byte(s)); err != nil {
			t.Fatalf("Send of %q: %v", s, err)
		}
	}
}

// expect reads a message for each of texts.
func expect(t *testing.T, c *websocket.Conn, texts ...string) {
	t.Helper()
	for _, s := range texts {
		if _, p, err := c.Read(background); err != nil || string(p) != s {
			t.Fatalf("got %q and error %v, want %q", p, err, s)
		}
	}
}

// readAll reads until the connection ends.
func readAll(c *websocket.Conn) {
	for range c.Messages(background) {
	}
}

// expectDepth waits until nothing goes on, and checks what Depth and Dropped return then.
func expectDepth(t *testing.T, q *Queue, messages int, bytes, dropped int64) {
	t.Helper()
	synctest.Wait()
	if m, b := q.Depth(); m != messages || b != bytes || q.Dropped() != dropped {
		t.Fatalf("got %d messages of %d bytes and %d dropped, want %d of %d and %d",
			m, b, q.Dropped(), messages, bytes, dropped)
	}
}

// expectError checks that err matches all of targets.
func expectError(t *testing.T, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("got error %v, want one that matches %q", err, target)
		}
	}
}

// prepare is Prepare for a text.
func prepare(t testing.TB, s string) *Message {
	t.Helper()
	m, err := Prepare(websocket.Text, []byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// begin runs f on a goroutine, and returns a channel with its result.
func begin(f func() error) <-chan error {
	ch := make(chan error, 1)
	go func() { ch <- f() }()
	synctest.Wait()
	return ch
}

// pending checks that f, which was begun, has not returned.
func pending(t *testing.T, ch <-chan error) {
	t.Helper()
	synctest.Wait()
	select {
	case err := <-ch:
		t.Fatalf("returned %v, want it to wait", err)
	default:
	}
}
