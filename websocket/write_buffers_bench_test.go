package websocket_test

import (
	"context"
	"fmt"
	"slices"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
)

// BenchmarkWriteBuffers sends a header of 100 bytes and a body as one existing slice
// (Write), as two slices (WriteBuffers), and as one slice that is concatenated for each
// message.
func BenchmarkWriteBuffers(b *testing.B) {
	ctx := context.Background()
	for _, kind := range []string{"nowhere", "tcp"} {
		for _, size := range []int{125, 1 << 10, 16 << 10, 64 << 10, 256 << 10, 1000 << 10} {
			head, body := make([]byte, 100), make([]byte, size-100)
			whole := make([]byte, size)
			for _, way := range []struct {
				name string
				send func(*Conn) error
			}{
				{"Write", func(c *Conn) error { return c.Write(ctx, Binary, whole) }},
				{"WriteBuffers", func(c *Conn) error { return c.WriteBuffers(ctx, Binary, head, body) }},
				{"concatenated", func(c *Conn) error {
					return c.Write(ctx, Binary, slices.Concat(head, body))
				}},
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", kind, size, way.name), func(b *testing.B) {
					c := broadcastConns(b, kind)[0]
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := way.send(c); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}
