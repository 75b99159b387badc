package redial

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// The count begins anew after a connection that lasted as long as the limit before it.
func TestConnectionLasts(t *testing.T) {
	busy := status(503)
	for _, row := range []struct {
		handlers []http.Handler
		want     []int
	}{
		{[]http.Handler{closing(1000, time.Second), busy}, []int{1, 2, 3}},
		{[]http.Handler{closing(1000, time.Second-1), busy}, []int{1, 2, 3}},
		{[]http.Handler{busy, closing(1000, time.Second), busy}, []int{1, 1, 2}},
		{[]http.Handler{busy, closing(1000, time.Second-1), busy}, []int{1, 2, 3}},
		{[]http.Handler{busy, busy, busy, closing(1011, 4*time.Second), busy}, []int{1, 2, 3, 1, 2}},
		{[]http.Handler{busy, busy, busy, closing(1000, 4*time.Second-1), busy}, []int{1, 2, 3, 4, 5}},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			s := serve(row.handlers...)
			retried, _ := run(ctx, url, Options{Dial: s.dial()}, len(row.want), read)
			for i, err := range retried {
				if err.Attempt != row.want[i] {
					t.Errorf("%d handlers: attempt %d has the number %d, want %d",
						len(row.handlers), i, err.Attempt, row.want[i])
				}
			}
		})
	}
}

// The time that it takes to close a connection does not count.
func TestClosingIsNotLasting(t *testing.T) {
	bubble(t, func(t *testing.T, ctx context.Context) {
		silent := accept(func(context.Context, *websocket.Conn) error { time.Sleep(time.Minute); return nil })
		retried, _ := run(ctx, url, Options{Dial: serve(silent).dial()}, 3,
			func(context.Context, *websocket.Conn) {})
		for i, err := range retried {
			if err.Attempt != i+1 {
				t.Errorf("attempt %d has the number %d", i+1, err.Attempt)
			}
		}
	})
}

// Neither does the time for which the body goes on after the connection has ended. Otherwise a body
// that only writes now and then would dial a server that drops it at once forever without a longer
// wait, and with Refresh even one that refuses it.
func TestGoingOnIsNotLasting(t *testing.T) {
	slow := func(_ context.Context, c *websocket.Conn) {
		c.CloseRead()
		<-c.Context().Done()
		time.Sleep(time.Minute)
	}
	for code, want := range map[websocket.StatusCode]int{1001: 5, 1008: 1} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			opts := Options{Dial: serve(closing(code, time.Second-1)).dial()}
			opts.Refresh = func(context.Context, *websocket.DialOptions, error) error { return nil }
			retried, last := run(ctx, url, opts, 5, slow)
			if len(retried) != want || (last != nil) != (code == 1008) {
				t.Errorf("%v: retried %v, then yielded %v; want %d retries", code, retried, last, want)
			}
			for i, err := range retried {
				if err.Attempt != i+1 {
					t.Errorf("%v: attempt %d has the number %d", code, i+1, err.Attempt)
				}
			}
		})
	}
}

// The time before the end counts, whether the body notices the end, goes on after it, or leaves the
// connection open.
func TestLasting(t *testing.T) {
	second := func(context.Context, *websocket.Conn) { time.Sleep(time.Second) }
	for name, row := range map[string]struct {
		h    http.Handler
		body func(context.Context, *websocket.Conn)
	}{
		"notices": {closing(1001, time.Second), read},
		"goes on": {closing(1001, time.Second), func(ctx context.Context, c *websocket.Conn) {
			read(ctx, c)
			second(ctx, c)
		}},
		"leaves open": {echoing(), second},
	} {
		bubble(t, func(t *testing.T, ctx context.Context) {
			retried, _ := run(ctx, url, Options{Dial: serve(row.h).dial()}, 2, row.body)
			if len(retried) != 2 || retried[1].Attempt != 1 {
				t.Errorf("%s: retried %v", name, retried)
			}
		})
	}
}
