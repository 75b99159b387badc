package peers

import (
	"context"
	"net/http"

	"golang.org/x/net/websocket"
)

// xnet is only a server, which shows enough of the library. The library has no
// permessage-deflate, does not validate UTF-8, and sends no close codes by itself.
var xnet = &Peer{
	Name:    "xnet",
	Library: "golang.org/x/net/websocket",
	Serve: func(ctx context.Context, _ *Env) (*Server, error) {
		return serveHTTP(ctx, websocket.Server{
			Handshake: func(*websocket.Config, *http.Request) error { return nil }, // accepts any origin
			Handler: func(c *websocket.Conn) {
				c.MaxPayloadBytes = maxMessage
				echo(xnetConn{c}, false)
			},
		})
	},
}

type xnetConn struct{ c *websocket.Conn }

// An xnetMessage is a message for xnetCodec.
type xnetMessage struct {
	data []byte
	kind byte
}

// xnetCodec preserves the type of a message.
var xnetCodec = websocket.Codec{
	Marshal: func(v any) ([]byte, byte, error) {
		m := v.(*xnetMessage)
		return m.data, m.kind, nil
	},
	Unmarshal: func(data []byte, kind byte, v any) error {
		*v.(*xnetMessage) = xnetMessage{data, kind}
		return nil
	},
}

func (c xnetConn) read() (text bool, message []byte, err error) {
	var m xnetMessage
	err = xnetCodec.Receive(c.c, &m)
	return m.kind == websocket.TextFrame, m.data, err
}

func (c xnetConn) write(text bool, message []byte) error {
	m := &xnetMessage{message, websocket.BinaryFrame}
	if text {
		m.kind = websocket.TextFrame
	}
	return xnetCodec.Send(c.c, m)
}

func (c xnetConn) closeInvalid() { _ = c.c.WriteClose(1007) }

func (c xnetConn) close() { _ = c.c.Close() }
