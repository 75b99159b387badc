package peers

import (
	"context"
	"net/http"

	"github.com/coder/websocket"
)

var coder = &Peer{
	Name:    "coder",
	Library: "github.com/coder/websocket",
	Serve: serveEcho(true, func(w http.ResponseWriter, r *http.Request) (conn, error) {
		c, err := websocket.Accept(w, r, &websocket.AcceptOptions{
			CompressionMode:    websocket.CompressionContextTakeover,
			InsecureSkipVerify: true,
		})
		if err != nil {
			return nil, err
		}
		return newCoderConn(c), nil
	}),
	Drive: drive(func(ctx context.Context, url string) (conn, error) {
		c, _, err := websocket.Dial(ctx, url, &websocket.DialOptions{
			CompressionMode: websocket.CompressionContextTakeover,
		})
		if err != nil {
			return nil, err
		}
		return newCoderConn(c), nil
	}, true),
}

type coderConn struct{ *websocket.Conn }

func newCoderConn(c *websocket.Conn) conn {
	c.SetReadLimit(maxMessage)
	return coderConn{c}
}

func (c coderConn) read() (text bool, message []byte, err error) {
	kind, message, err := c.Read(context.Background()) // close ends it
	return kind == websocket.MessageText, message, err
}

func (c coderConn) write(text bool, message []byte) error {
	if text {
		return c.Write(context.Background(), websocket.MessageText, message)
	}
	return c.Write(context.Background(), websocket.MessageBinary, message)
}

func (c coderConn) closeInvalid() { _ = c.Close(websocket.StatusInvalidFramePayloadData, "") }

func (c coderConn) close() { _ = c.CloseNow() }
