package websocket_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// While Close reads, it discards messages and parts of them. When it gives up, a waiting
// read must not get the rest of a message just before the connection ends.
func TestCloseLeavesNoPartialMessage(t *testing.T) {
	for _, row := range []struct {
		name string
		send func(p *peer)
	}{
		{"a message", func(p *peer) { p.Send(wire.OpText, true, "dropped") }},
		{"a fragment", func(p *peer) { p.Send(wire.OpText, false, "dropped") }},
		{"half a frame", func(p *peer) { p.Write(p.Frame(wire.OpBinary, true, string(make([]byte, 100)))[:50]) }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				c.SetClosing() // as Close does
				gaveUp := start(func() error { return c.AwaitClose(ctx) })
				synctest.Wait()
				read := startRead(context.Background(), c)
				canceling, stop := context.WithCancel(context.Background())
				canceled := startRead(canceling, c)
				row.send(p)
				if err := <-gaveUp; !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("awaitClose: got %v, want %v", err, context.DeadlineExceeded)
				}
				synctest.Wait()
				go p.nc.Write(p.Frame(wire.OpContinuation, true, "the rest"))
				synctest.Wait()
				stop()
				if g := <-canceled; !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
					t.Errorf("the canceled read: got %+v, want context.Canceled alone", g)
				}
				select {
				case g := <-read:
					t.Fatalf("a read returned before the end: %+v", g)
				default:
				}
				c.CloseNow()
				if g := <-read; !errors.Is(g.err, net.ErrClosed) {
					t.Errorf("the waiting read: got %+v, want net.ErrClosed", g)
				}
				wantClosed(t, c)
			})
		})
	}
}

// A Close whose context ends within its own close frame returns an error even if the
// peer's close frame has arrived, because the peer does not receive ours.
func TestCloseCutInItsFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		closed := start(func() error { return c.Close(ctx, StatusNormalClosure, "a reason") })
		p.take(3)
		p.SendClose(StatusGoingAway, "")
		synctest.Wait()
		cancel()
		err := <-closed
		if e := wantError(t, err, "close", net.ErrClosed); e.Accepted {
			t.Errorf("got %+v, want Accepted: false", e)
		}
		wantClosed(t, c)
	})
}
