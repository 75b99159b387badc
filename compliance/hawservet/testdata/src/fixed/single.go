package fixed

import "github.com/hawser-ws/hawser/websocket"

func single(c *websocket.Conn, out chan []byte) {
	for m := range c.Messages(nil) {
		out <- m.Data // want `keep bytes.Clone`
	}
}
