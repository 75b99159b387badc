package peers

import (
	"context"
	"net/http"
	"time"

	"github.com/gorilla/websocket"
)

var gorilla = &Peer{
	Name:    "gorilla",
	Library: "github.com/gorilla/websocket",
	Serve: serveEcho(true, func(w http.ResponseWriter, r *http.Request) (conn, error) {
		u := websocket.Upgrader{
			EnableCompression: true,
			CheckOrigin:       func(*http.Request) bool { return true },
		}
		c, err := u.Upgrade(w, r, nil)
		if err != nil {
			return nil, err
		}
		c.SetReadLimit(maxMessage)
		return gorillaConn{c}, nil
	}),
	Drive: drive(func(ctx context.Context, url string) (conn, error) {
		d := websocket.Dialer{EnableCompression: true, HandshakeTimeout: 10 * time.Second}
		c, _, err := d.DialContext(ctx, url, nil)
		if err != nil {
			return nil, err
		}
		c.SetReadLimit(maxMessage)
		return gorillaConn{c}, nil
	}, true),
}

// A gorillaConn is a connection of gorilla, or of a fork of gorilla.
type gorillaConn struct {
	c interface {
		ReadMessage() (kind int, message []byte, err error)
		WriteMessage(kind int, message []byte) error
		WriteControl(kind int, payload []byte, deadline time.Time) error
		Close() error
	}
}

func (c gorillaConn) read() (text bool, message []byte, err error) {
	kind, message, err := c.c.ReadMessage()
	return kind == websocket.TextMessage, message, err
}

func (c gorillaConn) write(text bool, message []byte) error {
	kind := websocket.BinaryMessage
	if text {
		kind = websocket.TextMessage
	}
	return c.c.WriteMessage(kind, message)
}

func (c gorillaConn) closeInvalid() {
	frame := websocket.FormatCloseMessage(websocket.CloseInvalidFramePayloadData, "")
	_ = c.c.WriteControl(websocket.CloseMessage, frame, time.Time{})
}

func (c gorillaConn) close() { _ = c.c.Close() }
