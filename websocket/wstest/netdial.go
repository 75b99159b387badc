package wstest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"
)

// maxPort is the last port of TCP.
const maxPort = 65_535

// idleTimeout limits how long a server waits for a request on a connection that nobody closes.
const idleTimeout = time.Minute

// NetDial returns a function for [websocket.DialOptions.NetDial] that connects to an HTTP server
// whose handler is h, over a new [Pipe] for each call. It also fits [http.Transport.DialContext].
//
// There is nothing to close but the connections: each has a server of its own, whose goroutine ends
// with the connection, or when a handler has hijacked the connection and returns. The server closes
// a connection that is without a request for a minute.
//
// The URL may have any host, because the address is not used. But Dial connects to a proxy first
// if the environment has one for the host. It never has one for localhost.
//
// As with TCP, each connection has its own client address. The ports are 1, 2, and so on up to
// 65,535, and then 1 again. Another function of NetDial counts for itself.
//
// The server does not use TLS. To dial a wss URL, use the function for DialOptions.DialTLS, too.
// The connection is then not encrypted, and Request.TLS is nil. Without DialTLS, the TLS handshake
// fails.
func NetDial(h http.Handler) func(ctx context.Context, network, addr string) (net.Conn, error) {
	var dialed atomic.Uint32
	return func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return serve(h, int((dialed.Add(1)-1)%maxPort)+1, nil), nil
	}
}

// serve starts a server with the handler h, and returns a connection to it from the given port of
// the client. hook may be nil.
func serve(h http.Handler, port int, hook func(net.Conn, http.ConnState)) net.Conn {
	client, server := newPipe(port)
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: idleTimeout,
		IdleTimeout:       idleTimeout,
		ConnState:         hook,
	}
	_ = s.Serve(&listener{conn: server}) // returns once the goroutine of the connection has started
	return client
}

// errServed is the error of a listener that has no more connections.
var errServed = errors.New("wstest: the connection is being served")

// A listener accepts one connection.
type listener struct{ conn net.Conn }

func (l *listener) Accept() (net.Conn, error) {
	if l.conn == nil {
		return nil, errServed
	}
	c := l.conn
	l.conn = nil
	return c, nil
}

func (l *listener) Addr() net.Addr { return nil }

func (l *listener) Close() error { return nil }
