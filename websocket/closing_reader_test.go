package websocket_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A read that is called while Close reads waits for the end of the connection. If its
// context ends first, it returns and Close goes on reading.
func TestReadGivesUpWhileCloseReads(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
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
				t.Errorf("the canceled read: got %v, want context.Canceled alone", g.err)
			}
		default:
			t.Error("the canceled read still waits")
		}
		if c.ReadTurn().TryLock() {
			t.Error("the turn to read is free while Close reads")
		}
		p.Send(wire.OpText, true, "not read")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if g := <-stays; !errors.Is(g.err, net.ErrClosed) || g.data != "" {
			t.Errorf("the other read: got %+v, want net.ErrClosed", g)
		}
	})
}
