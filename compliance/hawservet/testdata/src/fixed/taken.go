package fixed

import "github.com/hawser-ws/hawser/websocket"

func taken(c *websocket.Conn, bytes chan []byte) {
	for m := range c.Messages(nil) {
		bytes <- m.Data // want `copy the bytes first`
	}
}
