package wsprom_test

import (
	"testing"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsprom"
)

func BenchmarkRead(b *testing.B) {
	e := wsprom.New().Events()
	b.ReportAllocs()
	for b.Loop() {
		e.Read(nil, websocket.Text, 1000, 300)
	}
}

// Every processor counts messages of the same type.
func BenchmarkReadParallel(b *testing.B) {
	e := wsprom.New().Events()
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e.Read(nil, websocket.Text, 1000, 300)
		}
	})
}

// A connection opens and ends.
func BenchmarkConn(b *testing.B) {
	e := wsprom.New().Events()
	c := new(websocket.Conn)
	b.ReportAllocs()
	for b.Loop() {
		e.Accepted(nil, c)
		e.Closed(c, websocket.Closure{})
	}
}
