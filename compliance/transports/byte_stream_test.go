package transports

import (
	"context"
	"net"
	"testing"

	"golang.org/x/net/nettest"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
	"github.com/hawser-ws/hawser/wire"
)

// Conn.ByteStream passes golang.org/x/net/nettest, a test for every net.Conn, on both ends of a WebSocket of
// Dial and Accept, over each transport that can pass. TLS cannot: after a deadline has cut a write in the
// middle, it cannot write again.
func TestByteStream(t *testing.T) {
	for _, k := range []kind{
		{name: "tcp", reads: true, writes: true, open: openTCP(bare)},
		{name: "unix", reads: true, writes: true, open: openUnix},
		{name: "pipe", reads: true, writes: true, open: openPipe(net.Pipe, bare)},
		{name: "wstest.Pipe", reads: true, writes: true, open: openPipe(wstest.Pipe, bare)},
	} {
		t.Run(k.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				p := open(t, &k, websocket.Limits{})
				return byteStreams(p.client, p.server)
			})
		})
	}
}

// It passes without an opening handshake, too, over streams with and without deadlines.
func TestByteStreamOfNewConn(t *testing.T) {
	for _, row := range []struct {
		name string
		open openFunc
	}{
		{"tcp", openTCP(bare)},
		{"tcp without deadlines", openTCP(failingDeadlines)},
		{"pipe without deadlines", openPipe(net.Pipe, failingDeadlines)},
		{"tcp without write deadlines", openTCP(readDeadlinesOnly)},
	} {
		t.Run(row.name, func(t *testing.T) {
			nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
				ctx := context.Background()
				l, dial := row.open(t)
				defer l.Close()
				accepted := make(chan net.Conn, 1)
				go func() {
					c, _ := l.Accept()
					accepted <- c
				}()
				a, err := dial(ctx)
				if err != nil {
					return nil, nil, nil, err
				}
				client := websocket.NewConn(ctx, a, &websocket.ConnOptions{Role: wire.Client})
				return byteStreams(client, websocket.NewConn(ctx, <-accepted, nil))
			})
		})
	}
}

// byteStreams returns the streams of both ends. stop closes them at the same time, because each waits for the
// other.
func byteStreams(a, b *websocket.Conn) (c1, c2 net.Conn, stop func(), err error) {
	c1, c2 = a.ByteStream(websocket.Binary), b.ByteStream(websocket.Binary)
	return c1, c2, func() {
		closed := make(chan error, 1)
		go func() { closed <- c1.Close() }()
		c2.Close()
		<-closed
	}, nil
}
