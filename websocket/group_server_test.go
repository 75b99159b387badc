package websocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Each client gets one close frame and then the end of the stream, whichever of http.Server and the
// Group is shut down first, over TCP and over TLS.
func TestShutdownBesideServer(t *testing.T) {
	orders := map[string]func(ctx context.Context, g *Group, s *http.Server) error{
		"Group first": func(ctx context.Context, g *Group, s *http.Server) error {
			return errors.Join(g.Shutdown(ctx), s.Shutdown(ctx))
		},
		"http.Server first": func(ctx context.Context, g *Group, s *http.Server) error {
			return errors.Join(s.Shutdown(ctx), g.Shutdown(ctx))
		},
		"at once": func(ctx context.Context, g *Group, s *http.Server) error {
			other := start(func() error { return s.Shutdown(ctx) })
			return errors.Join(g.Shutdown(ctx), <-other)
		},
	}
	for order, shut := range orders {
		for _, secure := range []bool{false, true} {
			for _, name := range []string{"nil", "CloseNow", "Close"} {
				t.Run(order+"/"+name, func(t *testing.T) {
					checkLeaks(t)
					var g Group
					row := shutdownEnds[name]
					s := httptest.NewUnstartedServer(Handler{
						Options: &AcceptOptions{Group: &g, Limits: Limits{CloseTimeout: time.Minute}},
						Serve: func(ctx context.Context, c *Conn) error {
							<-g.Draining()
							return row.end(ctx, c)
						},
					})
					s.Config.ErrorLog = logTo(new(bytes.Buffer))
					if secure {
						s.StartTLS()
					} else {
						s.Start()
					}
					defer s.Close()
					var wg sync.WaitGroup
					for range 10 {
						c := dialRaw(t, s.Listener.Addr().String())
						if secure {
							nc := tls.Client(c.nc, &tls.Config{InsecureSkipVerify: true})
							c = peerOver(t, nc, wire.Client)
						}
						c.Write([]byte(handshake()))
						c.opened().Send(wire.OpBinary, true, string(pattern(10000, 0)))
						wg.Go(func() { wantOneClose(c, StatusGoingAway, row.code) })
					}
					noError(t, shut(bounded(t), &g, s.Config))
					wg.Wait()
				})
			}
		}
	}
}

// A connection of net/http that was kept alive is closed after the 503.
func TestShutdownKeptAlive(t *testing.T) {
	checkLeaks(t)
	var g Group
	mux := http.NewServeMux()
	mux.HandleFunc("/health", func(http.ResponseWriter, *http.Request) {})
	mux.Handle("/chat", Handler{Serve: untilEnd, Options: &AcceptOptions{Group: &g}})
	addr, _ := serveRaw(t, mux, nil)
	c := dialRaw(t, addr)
	c.Write([]byte("GET /health HTTP/1.1\r\nHost: example.com\r\n\r\n"))
	if r := c.response(); r.status != "HTTP/1.1 200 OK" {
		t.Errorf("answered %s, want 200", r.status)
	}
	noError(t, g.Shutdown(bounded(t)))
	c.Write([]byte(handshake()))
	if r := c.response(); r.status != "HTTP/1.1 503 Service Unavailable" {
		t.Errorf("answered %s, want 503", r.status)
	}
	c.ExpectEOF()
}
