package middleware

import (
	"bytes"
	"context"
	"log"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A way is one in which a program serves a WebSocket.
type way int

const (
	detached way = iota // websocket.Handler
	held                // websocket.Handler with Hold
	accepted            // websocket.Accept in a handler of the program's
)

var ways = [...]way{detached, held, accepted}

func (w way) String() string { return [...]string{"Handler", "Hold", "Accept"}[w] }

// handler serves WebSockets with serve.
func (w way) handler(serve func(context.Context, *websocket.Conn) error) http.Handler {
	if w != accepted {
		return websocket.Handler{Serve: serve, Hold: w == held}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		defer c.CloseNow()
		_ = serve(c.Context(), c)
	})
}

// A measurement is of one request.
type measurement struct {
	status   int         // of the response
	header   http.Header // of the response
	recorded string      // the status that the middleware has recorded
	outlived bool        // the middleware saw the request end after the connection
	log      string      // of the http.Server
}

// bound is for what hangs; no verdict depends on it.
const bound = time.Minute

// measure sends a handshake from a page of origin, "" for the server's own, through s
// and, if a WebSocket opens, two messages.
func measure(t *testing.T, s stack, way way, origin string) measurement {
	t.Helper()
	var ended atomic.Bool
	served := make(chan struct{})
	stacked, status := s.build(way.handler(func(ctx context.Context, c *websocket.Conn) error {
		defer close(served)
		defer ended.Store(true)
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}))
	var m measurement
	returned := make(chan struct{})
	logged := new(lockedBuffer)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { // also after a panic, which net/http recovers
			m.recorded, m.outlived = status(), ended.Load()
			close(returned)
		}()
		stacked.ServeHTTP(w, r)
	}))
	server.Config.ErrorLog = log.New(logged, "", 0)
	server.Start()
	defer server.Close()

	ctx, cancel := context.WithTimeout(t.Context(), bound)
	defer cancel()
	if origin == "" {
		origin = server.URL
	}
	// What browsers send, and what compressing middleware looks at.
	header := http.Header{"Origin": {origin}, "Accept-Encoding": {"gzip, deflate, br"}}
	c, resp, err := websocket.Dial(ctx, "ws"+server.URL[len("http"):]+"/", &websocket.DialOptions{Header: header})
	if resp != nil {
		m.status, m.header = resp.StatusCode, resp.Header
	}
	if err == nil {
		exchange(ctx, t, c)
		if way == detached {
			wait(ctx, t, returned)
			exchange(ctx, t, c) // with the middleware gone
		}
		if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("%s, %v: close: %v", s.name, way, err)
		}
		wait(ctx, t, served)
	}
	wait(ctx, t, returned)
	server.Close()
	m.log = logged.String()
	return m
}

func exchange(ctx context.Context, t *testing.T, c *websocket.Conn) {
	t.Helper()
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
		t.Fatalf("echoed %q, %v", p, err)
	}
}

func wait(ctx context.Context, t *testing.T, done <-chan struct{}) {
	t.Helper()
	select {
	case <-done:
	case <-ctx.Done():
		t.Fatal(ctx.Err())
	}
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
