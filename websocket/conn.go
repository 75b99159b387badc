package websocket

import (
	"context"
	"net"

	"github.com/hawser-ws/hawser/wire"
)

// A Conn is an open WebSocket connection.
type Conn struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
	nc     net.Conn
}

// config is what a handshake has settled about a connection.
type config struct {
	role        wire.Role
	subprotocol string
	session     wire.Session // nil: no extension
	limits      Limits
	early       []byte // bytes of the peer that came with the handshake; owned by the Conn from here on
}

// newConn makes a Conn of a transport whose handshake is done. ctx gives its
// values; the Conn's own context ends with the Conn alone. newConn clears nc's
// deadlines and owns nc from here on.
func newConn(ctx context.Context, nc net.Conn, cfg config) *Conn {
	panic("unfinished")
}
