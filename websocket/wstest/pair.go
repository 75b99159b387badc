package wstest

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"

	"github.com/hawser-ws/hawser/websocket"
)

// Pair returns both ends of a connection over a [Pipe]. [websocket.Accept], in a server of
// net/http, and [websocket.Dial] perform the opening handshake with these options, which may be
// nil. All options have their usual effects, except that the fields NetDial, DialTLS and Proxy of
// dial are not used. The URL is ws://example.com/.
//
// The caller must close both ends. Once they are closed, no goroutine is left.
//
// If the handshake fails, err is the error of Dial, a [*websocket.HandshakeError], and nothing is
// left open. The error of Accept is passed to Events.Refused of accept.
func Pair(accept *websocket.AcceptOptions, dial *websocket.DialOptions) (server, client *websocket.Conn, err error) {
	a := acceptor{opts: accept, err: errPanicked, done: make(chan struct{})}
	var o websocket.DialOptions
	if dial != nil {
		o = *dial
	}
	dialed := false
	o.NetDial = func(context.Context, string, string) (net.Conn, error) {
		dialed = true
		return serve(&a, 1, a.watch), nil
	}
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	client, _, err = websocket.Dial(context.Background(), "ws://example.com/", &o)
	if dialed {
		<-a.done // soon: the client has the response, or has closed the connection
	}
	switch {
	case err != nil && a.conn != nil: // the client refused the response
		_ = a.conn.CloseNow()
	case err == nil && a.conn == nil:
		_ = client.CloseNow()
		err = a.err
	}
	if err != nil {
		return nil, nil, err
	}
	return a.conn, client, nil
}

// errPanicked is the error if a function of AcceptOptions or Events panicked after the response.
// The server has logged the panic.
var errPanicked = errors.New("wstest: panic in Accept; see the log")

// An acceptor is the handler of the one request of a Pair.
type acceptor struct {
	opts     *websocket.AcceptOptions
	conn     *websocket.Conn // what Accept returned
	err      error
	hijacked bool
	done     chan struct{} // closed when the goroutine of the server is about to end
}

func (a *acceptor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	defer func() {
		if a.hijacked {
			close(a.done)
		}
	}()
	a.conn, a.err = websocket.Accept(w, r, a.opts)
}

// watch is the ConnState hook of the server. It runs on the goroutine of ServeHTTP.
func (a *acceptor) watch(_ net.Conn, s http.ConnState) {
	switch s {
	case http.StateHijacked:
		a.hijacked = true
	case http.StateClosed: // not after StateHijacked
		close(a.done)
	}
}
