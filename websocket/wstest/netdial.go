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

// idleTimeout limits how long a server waits for a request.
const idleTimeout = time.Minute

// NetDial returns a function for [websocket.DialOptions.NetDial]. Each call opens a new [Pipe] to
// an HTTP server whose handler is h. The function also fits [http.Transport.DialContext].
//
// Only the connections must be closed: each has a server of its own, whose goroutine ends with the
// connection, or when a handler that has hijacked the connection returns. The server closes a
// connection that has been without a request for a minute.
//
// The URL may have any host, because the address is ignored. If the environment has a proxy for
// that host, however, Dial asks h to act as the proxy. There is never a proxy for localhost.
//
// As with TCP, each connection has its own client address. For each function that NetDial returns,
// the ports are 1, 2, and so on up to 65,535, and then 1 again.
//
// The server does not use TLS, so the TLS handshake of a wss URL fails. To dial such a URL, use the
// function for DialOptions.DialTLS, too. The connection is then not encrypted, and Request.TLS is
// nil.
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
