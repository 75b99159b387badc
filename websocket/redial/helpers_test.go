package redial

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// url has the host localhost, for which the environment never has a proxy.
const url = "ws://localhost/"

// bubble runs f in a bubble, with a context that ends after a month. The bubble fails the test if a
// goroutine is left a day after f: those of servers end later than f.
func bubble(t *testing.T, f func(t *testing.T, ctx context.Context)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*24*time.Hour)
		defer cancel()
		f(t, ctx)
		time.Sleep(24 * time.Hour)
	})
}

// A script answers each request by the next of its handlers, and any more by the last one.
type script struct {
	handlers []http.Handler

	mu       sync.Mutex
	requests []*http.Request
	times    []time.Time
}

func serve(handlers ...http.Handler) *script { return &script{handlers: handlers} }

func (s *script) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	h := s.handlers[min(len(s.times), len(s.handlers)-1)]
	s.times, s.requests = append(s.times, time.Now()), append(s.requests, r)
	s.mu.Unlock()
	h.ServeHTTP(w, r)
}

// waits returns the times between the requests.
func (s *script) waits() (all []time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, t := range s.times[1:] {
		all = append(all, t.Sub(s.times[i]))
	}
	return all
}

// dial returns options to reach the script.
func (s *script) dial() *websocket.DialOptions {
	return &websocket.DialOptions{NetDial: wstest.NetDial(s)}
}

// status returns a handler that answers with a status and fields, each a name and a value.
func status(code int, fields ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for i := 0; i < len(fields); i += 2 {
			w.Header().Set(fields[i], fields[i+1])
		}
		w.WriteHeader(code)
	})
}

// raw returns a handler that answers with bytes and hangs up.
func raw(answer string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		nc, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			panic(err)
		}
		defer nc.Close()
		_, _ = nc.Write([]byte(answer))
	})
}

// accept returns a handler that accepts the connection and then calls f.
func accept(f func(ctx context.Context, c *websocket.Conn) error) http.Handler {
	return websocket.Handler{Serve: f}
}

// closing returns a handler that accepts the connection and closes it after some time.
func closing(code websocket.StatusCode, after time.Duration) http.Handler {
	return accept(func(ctx context.Context, c *websocket.Conn) error {
		time.Sleep(after)
		return websocket.CloseWith(code, "")
	})
}

// echoing returns a handler that sends back what it gets until the connection ends.
func echoing() http.Handler {
	return accept(func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	})
}

// stuckDial is a NetDial that waits for the end of its context.
func stuckDial(ctx context.Context, _, _ string) (net.Conn, error) {
	<-ctx.Done()
	return nil, errors.New("no more time")
}

// read is a body that reads until the connection ends.
func read(ctx context.Context, c *websocket.Conn) {
	for _, err := range c.Messages(ctx) {
		_ = err
	}
}

// run runs a loop until it has been about to wait n times, or ends by itself. It returns the errors
// that Options.Retrying got, and the one that was yielded, which is nil if there was none.
func run(
	ctx context.Context, url string, opts Options, n int, body func(context.Context, *websocket.Conn),
) (retried []*Error, last *Error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	opts.Retrying = func(err *Error) {
		if retried = append(retried, err); len(retried) == n {
			cancel(errEnough)
		}
	}
	for c, err := range Conns(ctx, url, &opts) {
		if err != nil {
			last = err.(*Error)
			continue
		}
		body(ctx, c)
	}
	if context.Cause(ctx) == errEnough {
		last = nil
	}
	return retried, last
}

var errEnough = errors.New("enough")
