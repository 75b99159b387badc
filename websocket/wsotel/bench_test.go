package wsotel_test

import (
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

func BenchmarkRead(b *testing.B) {
	e, _ := newEvents(b)
	b.ReportAllocs()
	for b.Loop() {
		e.Read(nil, websocket.Text, 1000, 300)
	}
}

// Every processor records messages of the same type.
func BenchmarkReadParallel(b *testing.B) {
	e, _ := newEvents(b)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e.Read(nil, websocket.Text, 1000, 300)
		}
	})
}

// A connection opens and ends.
func BenchmarkConn(b *testing.B) {
	e, _ := newEvents(b)
	c := new(websocket.Conn)
	b.ReportAllocs()
	for b.Loop() {
		e.Accepted(nil, c)
		e.Closed(c, websocket.Closure{})
	}
}
