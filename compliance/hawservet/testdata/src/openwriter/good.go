package openwriter

import (
	"compress/gzip"
	"context"
	"errors"
	"io"

	"github.com/hawser-ws/hawser/websocket"
)

func closed(ctx context.Context, c *websocket.Conn, r io.Reader) error {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err := errors.Join(err, w.Close()); err != nil {
		_ = c.Write(ctx, websocket.Text, nil)
		return err
	}
	w, err = c.Writer(ctx, websocket.Text)
	if err != nil {
		return err
	}
	return errors.Join(w.Close(), c.Write(ctx, websocket.Text, nil))
}

func closedInLoop(ctx context.Context, c *websocket.Conn, parts []string) error {
	for _, p := range parts {
		_ = c.Write(ctx, websocket.Text, nil)
		w, err := c.Writer(ctx, websocket.Text)
		if err != nil {
			continue
		}
		_, _ = io.WriteString(w, p)
		if err := w.Close(); err != nil {
			return err
		}
		_ = c.Write(ctx, websocket.Text, nil)
	}
	return nil
}

// The analyzer does not understand the condition on which the writer is open.
func conditions(ctx context.Context, c *websocket.Conn, stream, early bool) {
	w, _ := c.Writer(ctx, websocket.Text)
	if early {
		_ = w.Close()
	}
	if !early {
		_ = w.Close()
	}
	_ = c.Write(ctx, websocket.Text, nil)

	var v *websocket.MessageWriter
	if stream {
		v, _ = c.Writer(ctx, websocket.Text)
	}
	if !stream {
		_ = c.Write(ctx, websocket.Text, nil)
	} else {
		_ = v.Close()
	}
}

func errorKnown(ctx context.Context, c *websocket.Conn) {
	w, err := c.Writer(ctx, websocket.Text)
	failed := err != nil
	if failed {
		_ = c.Write(ctx, websocket.Text, nil)
		return
	}
	_ = w.Close()
}

// Another goroutine may wait, and a goroutine that has the writer may close it.
func goroutines(ctx context.Context, c *websocket.Conn) {
	w, _ := c.Writer(ctx, websocket.Text)
	go func() { _ = c.Write(ctx, websocket.Text, nil) }()
	go c.WriteJSON(ctx, 1) // want `the error of Conn.WriteJSON is dropped by go`
	defer func() { _ = c.Write(ctx, websocket.Text, nil) }()
	_ = w.Close()

	v, _ := c.Writer(ctx, websocket.Text)
	go func() { _ = v.Close() }()
	_ = c.Write(ctx, websocket.Text, nil)
}

// Other code may close these.
func handedOn(ctx context.Context, c *websocket.Conn) {
	w, _ := c.Writer(ctx, websocket.Text)
	finish(w)
	_ = c.Write(ctx, websocket.Text, nil)

	v, _ := c.Writer(ctx, websocket.Text)
	z := gzip.NewWriter(v)
	_ = z.Close()
	_ = c.Write(ctx, websocket.Text, nil)

	u, _ := c.Writer(ctx, websocket.Text)
	end := u.Close
	_ = end()
	_ = c.Write(ctx, websocket.Text, nil)

	x, _ := c.Writer(ctx, websocket.Text)
	end = func() error { return x.Close() }
	_ = end()
	_ = c.Write(ctx, websocket.Text, nil)
}

func finish(w io.Closer) { _ = w.Close() }

// These are other connections, or closed ones.
func others(ctx context.Context, c, d *websocket.Conn, s *session, all []*websocket.Conn) {
	w, _ := c.Writer(ctx, websocket.Text)
	_ = d.Write(ctx, websocket.Text, nil)
	_ = s.conn.Write(ctx, websocket.Text, nil)
	_ = all[0].Write(ctx, websocket.Text, nil)
	c = d
	_ = c.Write(ctx, websocket.Text, nil)
	_ = w.Close()

	v, _ := s.conn.Writer(ctx, websocket.Text)
	s.reconnect()
	_ = s.conn.Write(ctx, websocket.Text, nil)
	_ = v.Close()

	u, _ := all[0].Writer(ctx, websocket.Text)
	_ = all[1].Write(ctx, websocket.Text, nil)
	_ = u.Close()

	x, _ := d.Writer(ctx, websocket.Text)
	_ = d.CloseNow()
	_ = d.Write(ctx, websocket.Text, nil)
	_ = x.Close()
}

func (s *session) reconnect() {}

func allowed(ctx context.Context, c *websocket.Conn) {
	w, _ := c.Writer(ctx, websocket.Text)
	//hawservet:allow openwriter this shows what happens
	_ = c.Write(ctx, websocket.Text, nil)
	_ = w.Close()
}
