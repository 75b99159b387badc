package websocket

import (
	"context"
	"errors"
	"net"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A read that is bound by the connection's own context alone, as in a Handler,
// does not register with it, and ends with it all the same.
func TestOwnContextIsNotWatched(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		read := startRead(c.Context(), c)
		written := start(func() error { return c.Write(c.Context(), Text, []byte("never read")) })
		synctest.Wait()
		if c.tr.rd.done != nil || c.tr.wd.done != nil {
			t.Error("the connection's own context is watched")
		}
		c.CloseNow()
		if r := <-read; !errors.Is(r.err, net.ErrClosed) {
			t.Errorf("Read: %v", r.err)
		}
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
	})
}

// A connection that waits for its peer holds no buffer: with its goroutine it takes
// less than a block by far, in each way to wait.
func TestIdleMemory(t *testing.T) {
	for _, row := range []struct {
		name string
		echo func(context.Context, *Conn) error
	}{
		{"Read", func(ctx context.Context, c *Conn) error {
			for {
				typ, p, err := c.Read(ctx)
				if err != nil || c.Write(ctx, typ, p) != nil {
					return err
				}
			}
		}},
		{"Messages", func(ctx context.Context, c *Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil || c.Write(ctx, m.Type, m.Data) != nil {
					return err
				}
			}
			return nil
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			checkLeaks(t)
			const conns, most = 100, blockSize - blockSize/8
			large := string(pattern(2*blockSize, 0))
			before := inUse()
			for range conns {
				c, p := newPeerWith(t, "tcp", wire.Server)
				go row.echo(c.Context(), c)
				p.send(wire.OpText, true, "hello")
				p.expect(wire.OpText, true, "hello")
				// A message that has to be gathered leaves nothing behind either.
				p.send(wire.OpBinary, false, large)
				p.send(wire.OpContinuation, true, "")
				p.expect(wire.OpBinary, true, large)
				p.got = nil
			}
			// The last of them go back to wait a moment after they wrote.
			var each int64
			for range 100 {
				if each = (inUse() - before) / conns; each <= most {
					t.Logf("%d bytes a connection, with its peer", each)
					return
				}
				time.Sleep(10 * time.Millisecond)
			}
			t.Errorf("a connection that waits takes %d bytes, want at most %d", each, most)
		})
	}
}

// inUse returns how many bytes the heap and the stacks hold.
func inUse() int64 {
	var m runtime.MemStats
	runtime.GC() // twice, for what sync.Pool keeps
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
