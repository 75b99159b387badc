package droppederr

import (
	"context"
	"io"

	"github.com/hawser-ws/hawser/websocket"
)

type client struct{ *websocket.Conn }

func writes(ctx context.Context, c *websocket.Conn, m *websocket.PreparedMessage) {
	c.Write(ctx, websocket.Text, nil)      // want `the error of Conn.Write is dropped, so the program does not notice if the message was not sent`
	c.WriteJSON(ctx, 1)                    // want `the error of Conn.WriteJSON is dropped`
	c.WritePlain(ctx, websocket.Text, nil) // want `the error of Conn.WritePlain is dropped`
	c.WritePrepared(ctx, m)                // want `the error of Conn.WritePrepared is dropped`
	go c.Write(ctx, websocket.Text, nil)   // want `the error of Conn.Write is dropped by go`
	defer c.WriteJSON(ctx, "bye")          // want `the error of Conn.WriteJSON is dropped by defer`
	client{c}.WriteJSON(ctx, 1)            // want `the error of Conn.WriteJSON is dropped`
	(c.WriteJSON(ctx, 1))                  // want `the error of Conn.WriteJSON is dropped`
	c.WriteBuffers(ctx, websocket.Text)    // want `the error of Conn.WriteBuffers is dropped`
}

func deferred(ctx context.Context, c *websocket.Conn, r io.Reader) error {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	defer w.Close() // want `the error of MessageWriter.Close is dropped by defer, but the message is sent only if Close returns nil: check the error of Close, or assign it to _`
	_, err = io.Copy(w, r)
	return err
}

func inLiteral(ctx context.Context, c *websocket.Conn, p []byte) {
	w, err := c.PlainWriter(ctx, websocket.Text)
	if err != nil {
		return
	}
	defer func() {
		w.Close() // want `the error of MessageWriter.Close is dropped`
	}()
	w.Write(p) // want `the error of MessageWriter.Write is dropped`
	w.Flush()  // want `the error of MessageWriter.Flush is dropped`
}
