package websocket

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// BenchmarkCancelledRead reads a message of 1 MiB in calls that are cancelled, each after
// 16 KiB. An op is a message. B/byte is what it allocates for each byte of the message;
// x-uncancelled is its time, relative to that of a read that nobody cancels.
func BenchmarkCancelledRead(b *testing.B) {
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
			uncancelled := time.Since(begun) / time.Duration(alone)
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
			b.ReportMetric(float64(plain)/float64(alone)/size, "B/byte-uncancelled")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(uncancelled), "x-uncancelled")
		})
	}
}

// BenchmarkAnnounced measures what a connection holds after the first 15 bytes of a
// message that announces 1 MiB.
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

// BenchmarkReadLarge reads messages of 64 KiB and more, in one frame and in fragments,
// in blocks of no more than a socket gives at once.
func BenchmarkReadLarge(b *testing.B) {
	for _, size := range []int{64 << 10, 1 << 20} {
		for _, way := range pollWays {
			b.Run(fmt.Sprintf("%s/%d", way.name, size), func(b *testing.B) {
				c, _ := newStepper(1<<30, make([]byte, size))
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
		b.Run(fmt.Sprintf("fragments/%d", size), func(b *testing.B) {
			var stream []byte
			const fragment = 4 << 10
			for at := 0; at < size; at += fragment {
				h := wire.Header{Fin: at+fragment == size, Opcode: wire.OpContinuation, Length: fragment, Masked: true}
				if at == 0 {
					h.Opcode = wire.OpBinary
				}
				stream = append(wire.AppendHeader(stream, h), make([]byte, fragment)...)
			}
			c := newConn(context.Background(), &tape{bytes: stream}, config{role: wire.Server, limits: Limits{}.withDefaults()})
			read := pollWays[2].make(c, size, func([]byte) {})
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
