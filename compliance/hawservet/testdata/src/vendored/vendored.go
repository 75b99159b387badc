// Package vendored is in a module with a vendor directory.
package vendored

import (
	"context"
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

func handler(w http.ResponseWriter, r *http.Request) {
	o := &websocket.AcceptOptions{InsecureAnyOrigin: true} // want `InsecureAnyOrigin turns off a check`
	c, err := websocket.Accept(w, r, o)                    // want `c, the Conn of Accept, is never closed`
	if err == nil {
		c.Write(r.Context(), 1, nil) // want `the error of Conn.Write is dropped`
	}
}

func kept(ctx context.Context, c *websocket.Conn, d *wire.Decoder, out chan []byte) {
	for m := range c.Messages(ctx) {
		out <- m.Data // want `m.Data is sent on a channel`
	}
	f, _, _ := d.Next(nil)
	out <- f.Payload // want `f.Payload is sent on a channel`
}

func readers(ctx context.Context, c *websocket.Conn) {
	go func() { _, _, _ = c.Read(ctx) }()
	_, _, _ = c.Read(ctx) // want `c is read here`
}
