//go:build unix && !race

package websocket_test

import (
	"bufio"
	"context"
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A goroutine of a Handler that waits for its first message has the smallest stack of the runtime,
// 2 KiB, whether it waits in Messages or in Read. Everything between Serve and the system call has
// to fit: the functions on the path of a waiting read must have few variables.
func TestIdleStack(t *testing.T) {
	const conns, most = 300, 3 << 10 // bytes; the next larger stack has 4 KiB
	for _, row := range idleEchoes {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			var waits atomic.Int64
			connected := int64(0)
			h := Handler{
				Serve: func(ctx context.Context, c *Conn) error {
					c.Transport().Rd.Idle = func() { waits.Add(1) }
					return row.run(ctx, c, func() {})
				},
				Options: &AcceptOptions{Limits: Limits{PingInterval: time.Hour}},
			}
			connect := func() {
				ours, theirs := netPair(t, "tcp")
				t.Cleanup(func() { theirs.Close() })
				brw := bufio.NewReadWriter(bufio.NewReader(ours), bufio.NewWriter(ours))
				h.ServeHTTP(&bareHijack{http.Header{}, ours, brw}, newHandshake(t))
				for connected++; waits.Load() < connected; {
					runtime.Gosched()
				}
			}
			for range conns / 10 {
				connect() // makes what all of them share
			}
			before := stackInUse()
			for range conns {
				connect()
			}
			if each := (stackInUse() - before) / conns; each > most {
				t.Errorf("the stack of a waiting goroutine has %d bytes, want 2 KiB", each)
			} else {
				t.Logf("%d bytes", each)
			}
		})
	}
}

// stackInUse returns how many bytes the stacks hold, without those that are free.
func stackInUse() int64 {
	var m runtime.MemStats
	runtime.GC() // frees the stacks of goroutines that have ended
	runtime.ReadMemStats(&m)
	return int64(m.StackInuse)
}
