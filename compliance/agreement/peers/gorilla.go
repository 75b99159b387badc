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
		return newGorillaConn(c), nil
	}),
	Drive: drive(func(ctx context.Context, url string) (conn, error) {
		d := websocket.Dialer{EnableCompression: true, HandshakeTimeout: 10 * time.Second}
		c, _, err := d.DialContext(ctx, url, nil)
		if err != nil {
			return nil, err
		}
		return newGorillaConn(c), nil
	}, true),
}

type gorillaConn struct{ *websocket.Conn }

func newGorillaConn(c *websocket.Conn) conn {
	c.SetReadLimit(maxMessage)
	return gorillaConn{c}
}

func (c gorillaConn) read() (text bool, message []byte, err error) {
	kind, message, err := c.ReadMessage()
	return kind == websocket.TextMessage, message, err
}

func (c gorillaConn) write(text bool, message []byte) error {
	if text {
		return c.WriteMessage(websocket.TextMessage, message)
	}
	return c.WriteMessage(websocket.BinaryMessage, message)
}

func (c gorillaConn) closeInvalid() {
	frame := websocket.FormatCloseMessage(websocket.CloseInvalidFramePayloadData, "")
	_ = c.WriteControl(websocket.CloseMessage, frame, time.Time{})
}

func (c gorillaConn) close() { _ = c.Conn.Close() }
