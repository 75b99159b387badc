package testee

import (
	"context"
	"net/http"
	"strconv"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// ClosePath is the path at which [Echo] does not echo but starts the closing handshake, with
// the code and the reason in the query, as in /close?code=1001&reason=bye.
const ClosePath = "/close"

// Echo returns hawser's own server for a suite to test. It sends every message back with its
// type, accepts any origin and negotiates permessage-deflate. At [ClosePath] it closes.
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
			http.Error(w, "code must be the status code for the close frame", http.StatusBadRequest)
			return
		}
		status, reason := websocket.StatusCode(code), r.FormValue("reason")
		closer := func(ctx context.Context, c *websocket.Conn) error { return c.Close(ctx, status, reason) }
		websocket.Handler{Serve: closer, Options: options}.ServeHTTP(w, r)
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
