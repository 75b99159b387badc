package websocket_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// BenchmarkReadKeepalive is BenchmarkRead with a keepalive.
func BenchmarkReadKeepalive(b *testing.B) {
	ctx := context.Background()
	for _, size := range benchSizes {
		b.Run(fmt.Sprintf("AppendRead/1/%d", size), func(b *testing.B) {
			c := newTape(wire.Server, Binary, make([]byte, size), 1)
			defer c.CloseNow()
			c.KeepAlive(time.Minute, time.Minute)
			dst := make([]byte, 0, size)
			b.SetBytes(int64(size))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := c.AppendRead(ctx, dst); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// A keepalive takes less than 240 bytes of an idle connection: a timer of 128 bytes, its place in the
// runtime's heap, and 80 bytes of state. It costs a connection that does not use it nothing. The test
// runs only with HAWSER_FULL, as TestIdleMemory.
func TestKeepaliveMemory(t *testing.T) {
	if os.Getenv("HAWSER_FULL") == "" {
		t.Skip("the test measures the memory of the whole process; set HAWSER_FULL=1 to run it")
	}
	checkLeaks(t)
	const conns, most = 10_000, 239
	each := func(interval time.Duration) int64 {
		all := make([]*Conn, conns)
		before := inUse()
		for i := range all {
			opts := ConnOptions{Limits: Limits{PingInterval: interval}}
			if all[i] = NewConn(context.Background(), &tape{}, &opts); interval > 0 {
				all[i].Keepalive().AwaitBytes()
			}
		}
		held := (inUse() - before) / conns
		for _, c := range all {
			c.CloseNow()
		}
		return held
	}
	each(time.Hour) // the runtime's heap of timers grows once
	off, on := each(0), each(time.Hour)
	t.Logf("%d bytes per connection without a keepalive, %d with it", off, on)
	if on-off > most {
		t.Errorf("a keepalive takes %d bytes, want at most %d", on-off, most)
	}
}
