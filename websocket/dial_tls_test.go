package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"testing"
)

// A tlsWrapper shows of the TLS below it the methods of a tls.Conn.
type tlsWrapper struct{ *tls.Conn }

// A tlsHolder shows what it holds and nothing else.
type tlsHolder struct {
	net.Conn
	held net.Conn
}

func (h tlsHolder) NetConn() net.Conn { return h.held }

// DialTLS brings the caller's own TLS, whose state Conn.TLS finds as far as it can be
// seen.
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
			t.Errorf("%s: called with %q", row.name, got)
		}
		if state := c.TLS(); (state != nil) != row.shown || state != nil && state.Version == 0 {
			t.Errorf("%s: TLS() = %+v", row.name, state)
		}
	}
}

// DialTLS is for servers of wss that are reached directly.
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
