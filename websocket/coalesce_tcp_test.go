package websocket_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A countedWrites counts the writes of a socket.
type countedWrites struct {
	syscall.RawConn
	writes atomic.Int64
}

func (c *countedWrites) Write(f func(fd uintptr) (done bool)) error {
	c.writes.Add(1)
	return c.RawConn.Write(f)
}

// Over TCP, the replies to a batch leave in one write, unless the machine is so slow that they have
// been held for too long.
func TestRepliesOverTCP(t *testing.T) {
	for _, role := range roles {
		for _, batch := range []int{1, 2, 32} {
			t.Run(fmt.Sprintf("%v/%d", role, batch), func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, "tcp", role)
				if !c.Transport().IsRaw() {
					t.Skip("the Conn does not make system calls on this system")
				}
				raw, err := c.NetConn().(syscall.Conn).SyscallConn()
				if err != nil {
					t.Fatal(err)
				}
				counted := &countedWrites{RawConn: raw}
				c.Transport().SetRaw(counted)
				done := start(func() error { return loop(c, context.Background(), echoReply) })
				const rounds = 100
				var frames []byte
				for i := range batch {
					frames = append(frames, p.Frame(wire.OpText, true, fmt.Sprint(i))...)
				}
				for round := range rounds {
					begun, before := time.Now(), counted.writes.Load()
					p.Write(frames) // arrives in one segment
					for i := range batch {
						p.Expect(wire.OpText, true, fmt.Sprint(i))
					}
					n := counted.writes.Load() - before
					if n != 1 && (batch == 1 || time.Since(begun) < ReplyTime) {
						t.Errorf("batch %d was answered in %d writes, want one", round, n)
					}
				}
				p.SendClose(StatusNormalClosure, "")
				p.ExpectClose(StatusNormalClosure)
				p.nc.Close()
				noError(t, <-done)
			})
		}
	}
}
