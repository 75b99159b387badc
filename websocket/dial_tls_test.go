package websocket

import (
	"context"
	"crypto/tls"
	"io"
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

// TLS that ends without the alert close_notify is an end like any other: not a clean
// one before both close frames, and no reason to doubt one after them.
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
				t.Errorf("the read returns %q, %v with status %d", p, err, got)
			}
			if got := c.Closure(); got.Clean != row.clean {
				t.Errorf("the closure is %+v", got)
			}
		})
	}
}
