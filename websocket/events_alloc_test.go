//go:build !race

package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// counting returns Events whose functions count bytes.
func counting(bytes *atomic.Int64) *Events {
	count := func(_ *Conn, _ MessageType, payload, wire int64) { bytes.Add(payload + wire) }
	return &Events{Read: count, Wrote: count}
}

// With Events, a message costs no allocation either.
func TestEventsNoAllocations(t *testing.T) {
	ctx := context.Background()
	for _, size := range []int{0, 125, 64 << 10} {
		for _, role := range roles {
			t.Run(fmt.Sprintf("%d/%v", size, role), func(t *testing.T) {
				checkLeaks(t)
				var bytes atomic.Int64
				a, b := netPair(t, "tcp")
				near := NewConn(ctx, a, &ConnOptions{Role: role, Events: counting(&bytes)})
				both := JoinEvents(counting(&bytes), counting(&bytes))
				far := NewConn(ctx, b, &ConnOptions{Role: 1 - role, Events: both})
				defer near.CloseNow()
				defer far.CloseNow()
				testNoAllocations(t, ctx, size, messages, messages/500, near, far)
				if got, want := bytes.Load(), int64(size)*10_500*2*2*3; got != want {
					t.Errorf("counted %d bytes, want %d", got, want)
				}
			})
		}
	}
}

// BenchmarkEvents reads and writes messages without Events, with Events that have no function for
// messages, and with Events that count.
func BenchmarkEvents(b *testing.B) {
	var n atomic.Int64
	for name, e := range map[string]*Events{"nil": nil, "empty": {}, "counting": counting(&n)} {
		frame := wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: wire.OpBinary, Length: 125, Masked: true})
		frame = bytes.Repeat(append(frame, make([]byte, 125)...), 32)
		ctx, dst := context.Background(), make([]byte, 0, 125)
		open := func() *Conn { return NewConn(ctx, &tape{bytes: frame}, &ConnOptions{Events: e}) }
		b.Run("Read/"+name, func(b *testing.B) {
			c := open()
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.AppendRead(ctx, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run("Write/"+name, func(b *testing.B) {
			c := open()
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Write(ctx, Binary, dst[:125]); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
