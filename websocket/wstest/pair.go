package wstest

import (
	"context"
	"net"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
)

// Pair returns both ends of a connection over a [Pipe], after an opening handshake with these
// options, which may be nil. The caller must close both. DialOptions.NetDial and Proxy are not
// used.
func Pair(accept *websocket.AcceptOptions, dial *websocket.DialOptions) (server, client *websocket.Conn, err error) {
	panic("not yet")
}

// NetDial returns a function for [websocket.DialOptions.NetDial] that connects to an HTTP server
// whose handler is h, over a [Pipe]. The server, its goroutine included, ends with the connection.
// Any host will do in the URL, which must begin with ws or http.
func NetDial(h http.Handler) func(ctx context.Context, network, addr string) (net.Conn, error) {
	panic("not yet")
}
