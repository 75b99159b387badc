package nettest

import (
	"context"
	"net"
	"path/filepath"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// TestByteStream runs nettest.TestConn on both ends of a WebSocket of Dial and Accept, over each transport
// that can pass. TLS cannot: after a deadline has cut a write in the middle, it cannot write again.
func TestByteStream(t *testing.T) {
	for _, l := range []struct {
		name   string
		listen func(t *testing.T) net.Listener
	}{
		{"tcp", func(t *testing.T) net.Listener { return listen(t, "tcp", "127.0.0.1:0") }},
		{"unix", func(t *testing.T) net.Listener {
			return listen(t, "unix", filepath.Join(t.TempDir(), "s"))
		}},
		{"pipe", func(t *testing.T) net.Listener { return newPipeListener() }},
	} {
		t.Run(l.name, func(t *testing.T) {
			s := newServer(t, l.listen(t))
			nettest.TestConn(t, s.makePipe)
		})
	}
}

// TestNewConn runs nettest.TestConn without an opening handshake, over streams with and without deadlines.
func TestNewConn(t *testing.T) {
	for _, row := range []struct {
		name string
		pipe func() (net.Conn, net.Conn, error)
		wrap func(net.Conn) net.Conn
	}{
		{"tcp", tcpPair, func(c net.Conn) net.Conn { return c }},
		{"tcp without deadlines", tcpPair, func(c net.Conn) net.Conn { return undeadlined{c} }},
		{"pipe without deadlines", netPipe, func(c net.Conn) net.Conn { return undeadlined{c} }},
		{"tcp without write deadlines", tcpPair, func(c net.Conn) net.Conn { return readDeadlined{c} }},
	} {
		t.Run(row.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				a, b, err := row.pipe()
				if err != nil {
					return nil, nil, nil, err
				}
				ctx := context.Background()
				client := websocket.NewConn(ctx, row.wrap(a), &websocket.ConnOptions{Role: wire.Client})
				server := websocket.NewConn(ctx, row.wrap(b), nil)
				c1, c2 = client.ByteStream(websocket.Binary), server.ByteStream(websocket.Binary)
				return c1, c2, func() { closeBoth(c1, c2) }, nil
			})
		})
	}
}
