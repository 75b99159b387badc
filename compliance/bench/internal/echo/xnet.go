package echo

import (
	"net"
	"net/http"
	"unicode/utf8"

	"golang.org/x/net/websocket"
)

// serveXNet serves with a library that treats each frame as a message.
func serveXNet(ln net.Listener, _ Options) error {
	return serveHTTP(ln, websocket.Server{
		Handshake: func(*websocket.Config, *http.Request) error { return nil }, // accepts any origin
		Handler: func(c *websocket.Conn) {
			c.MaxPayloadBytes = maxMessage
			echoXNet(c)
		},
	})
}

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

func echoXNet(c *websocket.Conn) {
	defer c.Close() // sends a close frame
	var m xnetMessage
	for {
		if err := xnetCodec.Receive(c, &m); err != nil {
			return
		}
		if m.kind == websocket.TextFrame && !utf8.Valid(m.data) {
			return
		}
		if err := xnetCodec.Send(c, &m); err != nil {
			return
		}
	}
}
