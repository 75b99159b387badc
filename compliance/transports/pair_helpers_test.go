package transports

import (
	"bufio"
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A pair is the two ends of a connection, after the opening handshake over a kind of transport.
type pair struct {
	client, server *websocket.Conn
	raw            []net.Conn   // the transport of the client
	resume         func() error // writes the rest of the peer's message; may be nil
	settle         func()       // in a bubble, waits until all goroutines are blocked
}

// ends returns the end with a role, and the other end.
func (p *pair) ends(role wire.Role) (c, peer *websocket.Conn) {
	if role == wire.Client {
		return p.client, p.server
	}
	return p.server, p.client
}

// kill ends the connection without waiting for it.
func (p *pair) kill() {
	go p.client.CloseNow()
	go p.server.CloseNow()
	for _, c := range p.raw {
		go c.Close()
	}
}

// open connects a client and a server over k. The connection ends with the test.
func open(t testing.TB, k *kind, limits websocket.Limits) *pair {
	t.Helper()
	l, dial := k.open(t)
	accepted, refused := make(chan *websocket.Conn, 1), make(chan error, 1)
	serve(t, k, l, &websocket.AcceptOptions{Limits: limits}, func(c *websocket.Conn, err error) {
		accepted <- c
		refused <- err
	})
	p := &pair{settle: func() {}}
	if k.memory {
		p.settle = synctest.Wait
	}
	opts := k.dialOptions(func(ctx context.Context) (net.Conn, error) {
		c, err := dial(ctx)
		if err == nil {
			p.raw = append(p.raw, c)
		}
		return c, err
	})
	opts.Limits = limits
	c, _, err := websocket.Dial(context.Background(), k.url(), opts)
	if err != nil {
		t.Fatalf("Dial: %v; Accept: %v", err, <-refused)
	}
	t.Cleanup(func() { c.CloseNow() })
	p.client, p.server = c, <-accepted
	check(t, <-refused)
	t.Cleanup(func() { p.server.CloseNow() })
	return p
}

func (k *kind) url() string {
	if k.secure {
		return "wss://server.test/"
	}
	return "ws://server.test/"
}

func (k *kind) dialOptions(dial dialFunc) *websocket.DialOptions {
	opts := &websocket.DialOptions{
		TLSConfig: clientTLS(),
		Proxy:     func(*http.Request) (*url.URL, error) { return nil, nil },
		NetDial:   func(ctx context.Context, _, _ string) (net.Conn, error) { return dial(ctx) },
	}
	if k.dialTLS != nil {
		opts.DialTLS = func(ctx context.Context, _, _ string) (net.Conn, error) {
			c, err := dial(ctx)
			if err != nil {
				return nil, err
			}
			return k.dialTLS(ctx, c)
		}
	}
	return opts
}

// serve accepts WebSocket connections from l and passes them to f until the test ends. It uses an http.Server
// where read deadlines work, because Hijack needs them.
func serve(
	t testing.TB, k *kind, l net.Listener, opts *websocket.AcceptOptions, f func(*websocket.Conn, error),
) {
	h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { f(websocket.Accept(w, r, opts)) })
	if !k.reads || k.failing {
		go serveHTTP(l, h)
		t.Cleanup(func() { l.Close() })
		return
	}
	s := &http.Server{Handler: h, ErrorLog: log.New(io.Discard, "", 0)}
	go s.Serve(l)
	t.Cleanup(func() { s.Close() })
}

// serveHTTP is a minimal HTTP server for requests that take over their connections.
func serveHTTP(l net.Listener, h http.Handler) {
	for {
		c, err := l.Accept()
		if err != nil {
			return
		}
		go func() {
			br := bufio.NewReader(c)
			r, err := http.ReadRequest(br)
			if err != nil {
				c.Close()
				return
			}
			h.ServeHTTP(&takeover{http.Header{}, c, bufio.NewReadWriter(br, bufio.NewWriter(c))}, r)
		}()
	}
}

// A takeover is the ResponseWriter of a request that takes over its connection.
type takeover struct {
	header http.Header
	c      net.Conn
	rw     *bufio.ReadWriter
}

func (w *takeover) Header() http.Header                          { return w.header }
func (w *takeover) WriteHeader(int)                              { w.c.Close() }
func (w *takeover) Write(p []byte) (int, error)                  { return len(p), nil }
func (w *takeover) Hijack() (net.Conn, *bufio.ReadWriter, error) { return w.c, w.rw, nil }
