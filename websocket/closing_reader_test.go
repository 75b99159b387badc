package websocket

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/wire"
)

// A read that comes while Close reads waits for the end, and may give up before: it
// then leaves the reading to Close.
func TestReadGivesUpWhileCloseReads(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		synctest.Wait() // Close has the turn to read
		ctx, cancel := context.WithCancel(context.Background())
		gaveUp := startRead(ctx, c)
		stays := startRead(context.Background(), c)
		synctest.Wait()
		cancel()
		synctest.Wait()
		select {
		case g := <-gaveUp:
			if !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
				t.Errorf("the read whose context ended: %v", g.err)
			}
		default:
			t.Error("a read waits though its context has ended")
		}
		if c.in.turn.tryLock() {
			t.Error("the turn to read is free while Close has it")
		}
		p.send(wire.OpText, true, "not read")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if g := <-stays; !errors.Is(g.err, net.ErrClosed) || g.data != "" {
			t.Errorf("the other read: %+v", g)
		}
	})
}
