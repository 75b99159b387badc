package testee

import (
	"context"
	"net/http"
	"strconv"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// ClosePath is a path of [Echo] at which the connection is not an echo: it is closed
// with the code and the reason of the query, as in /close?code=1001&reason=bye.
const ClosePath = "/close"

// Echo is a handler that returns every message with its own type, for any page of
// any origin, with permessage-deflate: this project's own server, as a suite tests it.
// At [ClosePath] it closes.
func Echo() http.Handler {
	options := &websocket.AcceptOptions{
		InsecureAnyOrigin: true, //hawservet:allow insecure nothing here is worth protecting
		Extensions:        []wire.Extension{deflate.MustNew(nil)},
		Limits:            websocket.Limits{MaxMessage: maxMessage},
	}
	echoes := websocket.Handler{Serve: echo, Options: options}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != ClosePath {
			echoes.ServeHTTP(w, r)
			return
		}
		code, err := strconv.ParseUint(r.FormValue("code"), 10, 16)
		if err != nil {
			http.Error(w, "code must be the status code of a close frame", http.StatusBadRequest)
			return
		}
		status, reason := websocket.StatusCode(code), r.FormValue("reason")
		closes := websocket.Handler{Options: options, Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Close(ctx, status, reason)
		}}
		closes.ServeHTTP(w, r)
	})
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
