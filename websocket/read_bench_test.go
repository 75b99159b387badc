package websocket_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// BenchmarkCanceledRead reads a message of 1 MiB in calls that are each canceled after
// 16 KiB. An op is a message. B/byte is the number of bytes allocated for each byte of the
// message. x-uncanceled is the time relative to that of reading without cancellation.
func BenchmarkCanceledRead(b *testing.B) {
	const size, step = 1 << 20, 16 << 10
	for _, way := range pollWays {
		b.Run(way.name, func(b *testing.B) {
			c, s := newStepper(step, make([]byte, size))
			defer c.CloseNow()
			read := way.make(c, size, func([]byte) {})
			alone := 0
			begun, before := time.Now(), allocated()
			for ; alone < 20 || time.Since(begun) < b.Elapsed()/2; alone++ {
				if err := read(context.Background()); err != nil {
					b.Fatal(err)
				}
			}
			uncanceled := time.Since(begun) / time.Duration(alone)
			plain := allocated() - before
			polls := 0
			b.SetBytes(size)
			b.ReportAllocs()
			before = allocated()
			for b.Loop() {
				n, err := s.poll(read)
				if polls += n; err != nil {
					b.Fatal(err)
				}
			}
			took := allocated() - before
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(polls), "ns/poll")
			b.ReportMetric(float64(took)/float64(polls), "B/poll")
			b.ReportMetric(float64(took)/float64(b.N)/size, "B/byte")
			b.ReportMetric(float64(plain)/float64(alone)/size, "B/byte-uncanceled")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(uncanceled), "x-uncanceled")
		})
	}
}

// BenchmarkAnnounced measures the memory that a connection holds after the first 15 bytes
// of a message whose header announces 1 MiB.
func BenchmarkAnnounced(b *testing.B) {
	for way := range heldWays {
		for _, role := range roles {
			b.Run(fmt.Sprintf("%s/%v", heldWays[way].name, role), func(b *testing.B) {
				held := int64(0)
				for b.Loop() {
					held = max(held, heldAfter(b, role, way, heldShapes[0], 15, false))
				}
				b.ReportMetric(float64(held), "held-B/conn")
			})
		}
	}
}

// BenchmarkReadLarge reads messages of 64 KiB and 1 MiB: from memory in one frame
// (nowhere), from memory in fragments of 4 KiB, and over TCP.
func BenchmarkReadLarge(b *testing.B) {
	const fragment = 4 << 10
	for _, kind := range []string{"nowhere", "fragments", "tcp"} {
		for _, size := range []int{64 << 10, 1 << 20} {
			for _, way := range pollWays {
				b.Run(fmt.Sprintf("%s/%s/%d", kind, way.name, size), func(b *testing.B) {
					var c *Conn
					switch kind {
					case "nowhere":
						c = newTape(wire.Server, Binary, make([]byte, size), 1)
					case "fragments":
						c = newTape(wire.Server, Binary, nil, 1)
						c.NetConn().(*tape).bytes = fragments(size, fragment)
					case "tcp":
						c = flood(b, make([]byte, size))
					}
					defer c.CloseNow()
					read := way.make(c, size, func([]byte) {})
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := read(context.Background()); err != nil {
							b.Fatal(err)
						}
					}
				})
			}
		}
	}
}

// fragments returns a message of size bytes in frames of each bytes, as a client sends it
// with a masking key of 0.
func fragments(size, each int) (stream []byte) {
	op := wire.OpBinary
	for left := size; left > 0; left -= each {
		h := wire.Header{Fin: left <= each, Opcode: op, Length: int64(min(left, each)), Masked: true}
		stream = append(wire.AppendHeader(stream, h), make([]byte, h.Length)...)
		op = wire.OpContinuation
	}
	return stream
}

// flood returns a Conn to which a peer endlessly writes the same message over TCP.
func flood(b *testing.B, data []byte) *Conn {
	client, server := connPair(b, "tcp", Limits{})
	m := prepare(b, Binary, data)
	sent := start(func() (err error) {
		for err == nil {
			err = server.WritePrepared(context.Background(), m)
		}
		return nil
	})
	b.Cleanup(func() { client.CloseNow(); <-sent })
	return client
}
