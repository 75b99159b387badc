package websocket_test

import (
	"context"
	"crypto/tls"
	"io"
	"net"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
)

// A tlsWrapper embeds a tls.Conn.
type tlsWrapper struct{ *tls.Conn }

// A tlsHolder has NetConn, which returns the held connection.
type tlsHolder struct {
	net.Conn
	held net.Conn
}

func (h tlsHolder) NetConn() net.Conn { return h.held }

// Conn.TLS returns the state of a connection of DialTLS, unless the caller's type hides it.
func TestDialTLS(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	s := serveScript(t, nil, serverTLS, hello)
	for _, row := range []struct {
		name  string
		wrap  func(*tls.Conn) net.Conn
		shown bool
	}{
		{"tls.Conn", func(c *tls.Conn) net.Conn { return c }, true},
		{"embedded", func(c *tls.Conn) net.Conn { return tlsWrapper{c} }, true},
		{"NetConn", func(c *tls.Conn) net.Conn { return tlsHolder{c, tlsHolder{c, c}} }, true},
		{"hidden", func(c *tls.Conn) net.Conn { return struct{ net.Conn }{c} }, false},
	} {
		got := ""
		c, _ := mustHello(t, "wss://example.com/", &DialOptions{
			Proxy:   direct,
			NetDial: func(context.Context, string, string) (net.Conn, error) { panic("NetDial was called") },
			DialTLS: func(ctx context.Context, network, addr string) (net.Conn, error) {
				got = network + " " + addr
				nc, err := new(net.Dialer).DialContext(ctx, "tcp", s.addr)
				if err != nil {
					return nil, err
				}
				conf := clientTLS.Clone()
				conf.ServerName = "example.com"
				tc := tls.Client(nc, conf)
				return row.wrap(tc), tc.HandshakeContext(ctx)
			},
		})
		if got != "tcp example.com:443" {
			t.Errorf(`%s: DialTLS was called with %q, want "tcp example.com:443"`, row.name, got)
		}
		if state := c.TLS(); (state != nil) != row.shown || state != nil && state.Version == 0 {
			t.Errorf("%s: TLS() = %+v, want a state: %v", row.name, state, row.shown)
		}
	}
}

// DialTLS is called neither for ws URLs nor with a proxy.
func TestDialTLSNotCalled(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	opts := &DialOptions{
		Proxy:     direct,
		TLSConfig: clientTLS,
		DialTLS:   func(context.Context, string, string) (net.Conn, error) { panic("DialTLS was called") },
	}
	mustHello(t, "ws://"+serveScript(t, nil, nil, hello).addr, opts)
	opts.Proxy = through(startProxy(t, "http", serveScript(t, nil, serverTLS, hello).addr, "", nil).url)
	mustHello(t, "wss://example.com", opts)
}

// The end of TLS without close_notify is like any end of the stream. It is an error before
// both close frames are exchanged, and clean afterwards.
func TestTLSWithoutCloseNotify(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	clientTLS.ServerName = "example.com"
	for _, row := range []struct {
		name, frames string
		clean        bool
		status       StatusCode
	}{
		{"between messages", "", false, StatusAbnormalClosure},
		{"within a message", "\x01\x03hal", false, StatusAbnormalClosure},
		{"after the close frame", "\x88\x02\x03\xe9", true, StatusGoingAway},
	} {
		t.Run(row.name, func(t *testing.T) {
			s := serveScript(t, nil, serverTLS, func(rc *scriptConn) {
				rc.say(rc.accept() + helloFrame + row.frames)
				if row.clean {
					io.ReadFull(rc.br, make([]byte, 8)) // the answer
				}
				rc.Conn.(*tls.Conn).NetConn().(*net.TCPConn).CloseWrite()
				waitClosed(rc)
			})
			c, _ := mustHello(t, "wss://"+s.addr, &DialOptions{Proxy: direct, TLSConfig: clientTLS})
			_, p, err := c.Read(context.Background())
			if got := CloseStatus(err); len(p) > 0 || got != row.status {
				t.Errorf("read %q, %v with status %v; want status %v", p, err, got, row.status)
			}
			if got := c.Closure(); got.Clean != row.clean {
				t.Errorf("got %+v, want Clean: %v", got, row.clean)
			}
		})
	}
}
