package droppederr

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"

	"github.com/hawser-ws/hawser/websocket"
)

func looked(ctx context.Context, c *websocket.Conn) error {
	if err := c.Write(ctx, websocket.Text, nil); err != nil {
		log.Print(err)
	}
	_ = c.WriteJSON(ctx, 1)
	failed := make(chan error, 1)
	go func() { failed <- c.WriteJSON(ctx, 1) }()
	return errors.Join(c.Write(ctx, websocket.Text, nil), <-failed)
}

func ends(ctx context.Context, c *websocket.Conn) {
	c.Ping(ctx)
	c.Close(ctx, websocket.StatusNormalClosure, "")
	defer c.CloseNow()
	go c.Close(ctx, websocket.StatusNormalClosure, "")
}

// As with Flush of a bufio.Writer, Close returns the error of Write again.
func sticky(ctx context.Context, c *websocket.Conn, v any) error {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	defer w.Close() // for a panic; a second Close does nothing
	w.Write([]byte("{"))
	fmt.Fprintf(w, "%v", v)
	json.NewEncoder(w).Encode(v)
	w.Flush()
	return w.Close()
}

func inDefer(ctx context.Context, c *websocket.Conn, r io.Reader) (err error) {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	defer func() {
		if e := w.Close(); err == nil {
			err = e
		}
	}()
	w.Write(nil)
	_, err = io.Copy(w, r)
	return err
}

func decided(ctx context.Context, c *websocket.Conn) {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return
	}
	defer func() { _ = w.Close() }()
	w.Write(nil)
}

func passedOn(ctx context.Context, c *websocket.Conn, finish func(io.WriteCloser) error) error {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	w.Write(nil)
	return finish(w)
}

type stream struct{ w *websocket.MessageWriter }

func (s *stream) put(p []byte) { s.w.Write(p) }

type writer struct{ c net.Conn }

func (w writer) WriteJSON(v any) error { return nil }

func others(nc net.Conn, c *websocket.Conn) {
	nc.Write(nil)
	writer{nc}.WriteJSON(1)
	c.ByteStream(websocket.Text).Write(nil)
}
