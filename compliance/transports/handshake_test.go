package transports

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A stall is a server that does not complete the opening handshake.
type stall struct {
	name string
	play func(c net.Conn)
}

var stalls = []stall{
	{"neither reads nor writes", func(net.Conn) {}},
	{"does not write", func(c net.Conn) { io.Copy(io.Discard, c) }},
	{"writes part of the response", func(c net.Conn) {
		go io.Copy(io.Discard, c)
		io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: web")
	}},
}

// Dial returns when its context ends, or after Limits.HandshakeTimeout.
func TestDialEnds(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			rows(t, &k, stalls, func(s stall) string { return s.name }, func(t testing.TB, s stall) {
				l, dial := k.open(t)
				t.Cleanup(func() { l.Close() })
				go func() {
					for {
						c, err := l.Accept()
						if err != nil {
							return
						}
						t.Cleanup(func() { c.Close() })
						go s.play(c)
					}
				}()
				for _, limit := range []time.Duration{wait, -1} {
					begun := time.Now()
					ctx, cancel := context.WithTimeout(context.Background(), wait)
					defer cancel()
					if limit > 0 {
						ctx = context.Background()
					}
					opts := k.dialOptions(dial)
					opts.Limits.HandshakeTimeout = limit
					wantTimeout(t, &k, begun, func() error {
						_, _, err := websocket.Dial(ctx, k.url(), opts)
						return err
					})
				}
			})
		})
	}
}

// Accept returns after Limits.HandshakeTimeout if the client does not read the response.
func TestAcceptEnds(t *testing.T) {
	t.Parallel()
	long := http.Header{"X-Long": {strings.Repeat("x", len(much))}}
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			t.Parallel()
			rows(t, &k, []string{"Accept"}, func(s string) string { return s }, func(t testing.TB, _ string) {
				l, dial := k.open(t)
				begun := make(chan time.Time, 1)
				accepted := make(chan error, 1)
				opts := &websocket.AcceptOptions{
					Header: long,
					Limits: websocket.Limits{HandshakeTimeout: wait},
					Configure: func(*http.Request, *websocket.AcceptOptions) error {
						begun <- time.Now()
						return nil
					},
				}
				serve(t, &k, l, opts, func(_ *websocket.Conn, err error) { accepted <- err })
				ask(t, &k, dial)
				wantTimeout(t, &k, <-begun, func() error { return <-accepted })
			})
		})
	}
}

// ask sends the request of an opening handshake and returns the connection.
func ask(t testing.TB, k *kind, dial dialFunc) net.Conn {
	t.Helper()
	c, err := dial(context.Background())
	check(t, err)
	t.Cleanup(func() { c.Close() })
	if k.secure {
		c, err = tlsClient(context.Background(), c)
		check(t, err)
	}
	_, err = io.WriteString(c, "GET / HTTP/1.1\r\nHost: server.test\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	check(t, err)
	return c
}

// wantTimeout calls f and checks that it returns a timeout error, wait after begun.
func wantTimeout(t testing.TB, k *kind, begun time.Time, f func() error) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- f() }()
	select {
	case err := <-done:
		wantNotLate(t, k, begun, false)
		t.Logf("%v", err)
		var timeout net.Error
		if !errors.As(err, &timeout) || !timeout.Timeout() {
			t.Errorf("wrong error: %v, want a timeout", err)
		}
	case <-time.After(hang):
		t.Errorf("hang: the call has not returned after %v", hang)
	}
}
