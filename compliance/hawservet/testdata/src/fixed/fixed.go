package fixed

import (
	"context"

	"github.com/hawser-ws/hawser/websocket"
)

func fixed(ctx context.Context, c *websocket.Conn, out chan []byte) {
	var all [][]byte
	for m := range c.Messages(ctx) {
		out <- m.Data                 // want `keep bytes.Clone`
		all = append(all, m.Data)     // want `stored in all`
		go println(string(m.Data), m) // want `m is used by a goroutine`
	}
}
