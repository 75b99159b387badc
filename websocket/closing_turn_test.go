package websocket

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A Close that reads drops messages, and the beginning of one too. When it gives up,
// a reader that waits for its turn must not get the rest as a message, in the moment
// before the connection ends.
func TestCloseLeavesNoPartialMessage(t *testing.T) {
	for _, row := range []struct {
		name string
		send func(p *peer)
	}{
		{"a message", func(p *peer) { p.send(wire.OpText, true, "dropped") }},
		{"a fragment", func(p *peer) { p.send(wire.OpText, false, "dropped") }},
		{"half a frame", func(p *peer) { p.write(p.frame(wire.OpBinary, true, make([]byte, 100))[:50]) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				c.closing.local.Store(true) // as Close does first
				gaveUp := start(func() error { return c.awaitClose(ctx) })
				synctest.Wait()
				read := startRead(context.Background(), c)
				canceling, stop := context.WithCancel(context.Background())
				canceled := startRead(canceling, c)
				row.send(p)
				if err := <-gaveUp; !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("%v", err)
				}
				synctest.Wait()
				go p.nc.Write(p.frame(wire.OpContinuation, true, []byte("the rest")))
				synctest.Wait()
				stop()
				if g := <-canceled; !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
					t.Errorf("a read whose context ends: %+v", g)
				}
				select {
				case g := <-read:
					t.Fatalf("a read before the end: %+v", g)
				default:
				}
				c.CloseNow()
				if g := <-read; !errors.Is(g.err, net.ErrClosed) {
					t.Errorf("%+v", g)
				}
				wantClosed(t, c)
			})
		})
	}
}

// A Close whose context ends in the middle of its own frame is not complete, though
// the peer's frame has come: the peer will not see ours.
func TestCloseCutInItsFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		closed := start(func() error { return c.Close(ctx, StatusNormalClosure, "a reason") })
		p.take(3)
		p.sendClose(StatusGoingAway, "")
		synctest.Wait()
		cancel()
		err := <-closed
		if e := wantError(t, err, "close", net.ErrClosed); e.Accepted {
			t.Errorf("%+v", e)
		}
		wantClosed(t, c)
	})
}
