package testee

import (
	"context"
	"net/http"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Echo is a handler that returns every message with its own type, for any page of
// any origin, with permessage-deflate: this project's own server, as a suite tests it.
func Echo() http.Handler {
	return websocket.Handler{
		Serve: echo,
		Options: &websocket.AcceptOptions{
			InsecureAnyOrigin: true, //hawservet:allow insecure nothing here is worth protecting
			Extensions:        []wire.Extension{deflate.New(nil)},
			Limits:            websocket.Limits{MaxMessage: maxMessage},
		},
	}
}

func echo(ctx context.Context, c *websocket.Conn) error {
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
