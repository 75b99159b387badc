package testee

import (
	"context"
	"crypto/tls"
	"net/http"
	"net/url"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// maxMessage is larger than the largest message of a suite: 16 MiB, in case 9.1.6.
const maxMessage = 32 << 20

// Hawser is a [Dialer] for hawser's own client, package websocket. It offers
// permessage-deflate.
func Hawser(ctx context.Context, server string, config *tls.Config) (Conn, error) {
	c, _, err := websocket.Dial(ctx, server, &websocket.DialOptions{
		Extensions:   []wire.Extension{compression},
		TLSConfig:    config,
		Proxy:        func(*http.Request) (*url.URL, error) { return nil, nil },
		MaxRedirects: 1, // for the cases about redirects and certificates
		Limits:       websocket.Limits{MaxMessage: maxMessage},
	})
	if err != nil {
		return nil, err
	}
	return hawserConn{c}, nil
}

// compression is shared by all connections.
var compression = deflate.MustNew(nil)

// A hawserConn adapts a websocket.Conn to Conn. Its Read does the client's part of the
// closing handshake before it returns an error.
type hawserConn struct {
	conn *websocket.Conn
}

func (c hawserConn) Read(ctx context.Context) (binary bool, message []byte, err error) {
	kind, message, err := c.conn.Read(ctx)
	return kind == websocket.Binary, message, err
}

func (c hawserConn) Write(ctx context.Context, binary bool, message []byte) error {
	kind := websocket.Text
	if binary {
		kind = websocket.Binary
	}
	return c.conn.Write(ctx, kind, message)
}

func (c hawserConn) Close() error { return c.conn.CloseNow() }
