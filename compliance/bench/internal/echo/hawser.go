package echo

import (
	"context"
	"net"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// serveHawser works like examples/echo.
func serveHawser(ln net.Listener) error {
	return serveHTTP(ln, websocket.Handler{
		Serve: echoHawser,
		Options: &websocket.AcceptOptions{
			Extensions: []wire.Extension{deflate.MustNew(nil)},
			Group:      new(websocket.Group),
			Limits:     websocket.Limits{MaxMessage: maxMessage, PingInterval: 30 * time.Second},
		},
	})
}

func echoHawser(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}
