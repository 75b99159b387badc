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

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
)

// A way is a way to serve a WebSocket.
type way int

const (
	detached way = iota // websocket.Handler
	held                // websocket.Handler with Hold
	accepted            // websocket.Accept in the program's own handler
)

var ways = [...]way{detached, held, accepted}

func (w way) String() string { return [...]string{"Handler", "Hold", "Accept"}[w] }

// handler returns a handler that serves WebSockets with serve.
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

// A measurement is the outcome of one request.
type measurement struct {
	Status   int    // of the response
	Recorded string // the status that the middleware recorded
	Outlived bool   // for the middleware, the request ended after the connection
	Log      string // of the http.Server
}

// bound is the time limit of a test that hangs. No result depends on it.
const bound = time.Minute

// measure opens a WebSocket through s, from a page of origin or, if that is "", of the server's own origin.
// If it opens, measure exchanges two messages.
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
		defer func() { // even after a panic, which net/http recovers
			m.Recorded, m.Outlived = status(), ended.Load()
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
	// Browsers send these fields, and compressing middleware looks at the second.
	header := http.Header{"Origin": {origin}, "Accept-Encoding": {"gzip, deflate, br"}}
	url := "ws" + server.URL[len("http"):] + "/"
	c, resp, err := websocket.Dial(ctx, url, &websocket.DialOptions{Header: header})
	if resp != nil {
		m.Status = resp.StatusCode
	}
	if err == nil {
		exchange(ctx, t, c)
		if way == detached {
			wait(ctx, t, returned)
			exchange(ctx, t, c) // after the middleware has returned
		}
		if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
			t.Errorf("%s, %v: close: %v", s.name, way, err)
		}
		wait(ctx, t, served)
	}
	wait(ctx, t, returned)
	server.Close()
	m.Log = logged.String()
	return m
}

func exchange(ctx context.Context, t *testing.T, c *websocket.Conn) {
	t.Helper()
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	_, p, err := c.Read(ctx)
	if diff := cmp.Diff("hello", string(p)); err != nil || diff != "" {
		t.Fatalf("read: %v; echo differs (-want +got):\n%s", err, diff)
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
