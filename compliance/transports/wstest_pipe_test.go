package transports

import (
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/hawser/websocket/wstest"
)

// A wstest.Pipe passes the test for every net.Conn, too.
func TestWstestPipe(t *testing.T) {
	nettest.TestConn(t, func() (a, b net.Conn, stop func(), err error) {
		a, b = wstest.Pipe()
		return a, b, func() { a.Close(); b.Close() }, nil
	})
}
