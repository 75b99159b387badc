package echo

import (
	"context"
	"net"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// serveHawser works like examples/echo, or like examples/bare.
func serveHawser(ln net.Listener, o Options) error {
	if o.Bare {
		return serveHawserBare(ln)
	}
	opts := &websocket.AcceptOptions{
		Group:  new(websocket.Group),
		Limits: websocket.Limits{MaxMessage: maxMessage, PingInterval: 30 * time.Second},
	}
	if o.Deflate {
		ext := deflate.MustNew(&deflate.Options{NoContextTakeover: !o.Takeover})
		opts.Extensions = []wire.Extension{ext}
	}
	return serveHTTP(ln, websocket.Handler{Serve: echoHawser, Options: opts})
}

func echoHawser(ctx context.Context, c *websocket.Conn) error {
	for m, err := range c.Messages(ctx) {
		if err != nil {
			return err
		}
		if err := m.Reply(ctx, m.Type, m.Data); err != nil {
			return err
		}
	}
	return nil
}
