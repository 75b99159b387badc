package openwriter

import (
	"context"
	"encoding/json"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/websocket"
)

func straight(ctx context.Context, c *websocket.Conn, m *websocket.PreparedMessage, kind int) error {
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		_ = c.Write(ctx, websocket.Text, []byte("no writer")) // err is not nil, so w is not open
		return err
	}
	fmt.Fprint(w, "begin")
	switch kind {
	case 0:
		_ = c.Write(ctx, websocket.Text, nil) // want `Conn.Write waits for w, which was opened at line 13 and is still open, and then fails with ErrMessageOpen: call w.Close\(\) first`
	case 1:
		_ = c.WritePlain(ctx, websocket.Text, nil) // want `Conn.WritePlain waits for w`
	case 2:
		_ = c.WritePrepared(ctx, m) // want `Conn.WritePrepared waits for w`
	case 3:
		if err := c.WriteJSON(ctx, 1); err != nil { // want `Conn.WriteJSON waits for w`
			return err
		}
	case 4:
		other, _ := c.Writer(ctx, websocket.Text) // want `Conn.Writer waits for w`
		_ = other.Close()
	case 5:
		_ = c.WriteBuffers(ctx, websocket.Text, nil, nil) // want `Conn.WriteBuffers waits for w`
	default:
		other, _ := c.PlainWriter(ctx, websocket.Text) // want `Conn.PlainWriter waits for w`
		_ = other.Close()
	}
	return w.Close()
}

func deferred(ctx context.Context, c *websocket.Conn, r io.Reader, p []byte) error {
	w, err := c.PlainWriter(ctx, websocket.Text)
	if err != nil {
		return err
	}
	defer func() { _ = w.Close() }()
	if _, err := io.Copy(w, r); err != nil {
		return err
	}
	return c.Write(ctx, websocket.Text, p) // want `Conn.Write waits for w`
}

func returns(ctx context.Context, c *websocket.Conn, v any) error {
	w, _ := c.Writer(ctx, websocket.Text)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		_ = w.Close()
		return err
	}
	if err := c.WriteJSON(ctx, v); err != nil { // want `Conn.WriteJSON waits for w`
		return err
	}
	return w.Close()
}

type session struct{ conn *websocket.Conn }

type client struct{ *websocket.Conn }

func (s *session) field(ctx context.Context, o client) {
	w, _ := s.conn.Writer(ctx, websocket.Text)
	_ = s.conn.Write(ctx, websocket.Text, nil) // want `Conn.Write waits for w`
	_ = w.Close()
	v, _ := o.Writer(ctx, websocket.Text)
	_ = o.WriteJSON(ctx, 1) // want `Conn.WriteJSON waits for v`
	_ = v.Close()
}

func loop(ctx context.Context, c *websocket.Conn, parts []string) error {
	for _, p := range parts {
		w, err := c.Writer(ctx, websocket.Text) // want `Conn.Writer waits for w`
		if err != nil {
			return err
		}
		defer func() { _ = w.Close() }()
		_, _ = io.WriteString(w, p)
	}
	return nil
}

func inLiteral(ctx context.Context, c *websocket.Conn) func() {
	return func() {
		w, _ := c.Writer(ctx, websocket.Text)
		_ = c.Write(ctx, websocket.Text, nil) // want `Conn.Write waits for w`
		_ = w.Close()
	}
}
