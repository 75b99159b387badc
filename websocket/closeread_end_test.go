package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Close works with CloseRead, in either order. Messages that the peer sends before its close frame
// are dropped, as always.
func TestCloseReadAndClose(t *testing.T) {
	for name, call := range map[string]func(c *Conn) <-chan error{
		"before Close": func(c *Conn) <-chan error {
			c.CloseRead()
			synctest.Wait()
			return start(func() error { return c.Close(context.Background(), 4000, "") })
		},
		"during Close": func(c *Conn) <-chan error {
			closed := start(func() error { return c.Close(context.Background(), 4000, "") })
			synctest.Wait()
			c.CloseRead()
			return closed
		},
		"WriteControl": func(c *Conn) <-chan error {
			c.CloseRead()
			return start(func() error {
				payload, _ := wire.AppendClose(nil, 4000, "")
				err := c.WriteControl(context.Background(), wire.OpClose, payload)
				<-c.Context().Done()
				return err
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				closed := call(c)
				synctest.Wait()
				p.Send(wire.OpText, false, "sent before")
				p.Send(wire.OpContinuation, true, "the close frame arrived")
				p.Send(wire.OpBinary, true, "")
				p.ExpectClose(4000)
				p.SendClose(4000, "")
				p.nc.Close()
				if err := <-closed; err != nil {
					t.Errorf("got %v, want no error", err)
				}
				if v := c.Closure(); !v.Clean || v.ByPeer {
					t.Errorf("the connection ended with %+v, want a clean end by this side", v)
				}
				wantClosed(t, c)
			})
		})
	}
}

// However the connection ends, the background goroutine ends with it.
func TestCloseReadEnds(t *testing.T) {
	for name, row := range map[string]struct {
		end  func(c *Conn, p *peer)
		want error
	}{
		"CloseNow":  {func(c *Conn, _ *peer) { c.CloseNow() }, net.ErrClosed},
		"Abort":     {func(c *Conn, _ *peer) { c.Abort(errAborted) }, errAborted},
		"EOF":       {func(_ *Conn, p *peer) { p.nc.Close() }, io.ErrUnexpectedEOF},
		"violation": {func(_ *Conn, p *peer) { p.Write([]byte{0x83, 0}) }, wire.ErrReservedOpcode},
		"silent peer": {func(c *Conn, _ *peer) {
			c.Close(context.Background(), StatusNormalClosure, "")
		}, net.ErrClosed},
		"peer that takes nothing": {func(_ *Conn, p *peer) {
			p.Send(wire.OpText, true, "hello")
		}, ErrUnexpected},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				c.CloseRead()
				synctest.Wait()
				row.end(c, p)
				<-c.Context().Done()
				synctest.Wait()
				if cause := context.Cause(c.Context()); !errors.Is(cause, row.want) {
					t.Errorf("the cause is %v, want %v", cause, row.want)
				}
				if !c.TearingDown() && !c.ReadTurn().TryLock() {
					t.Error("a goroutine still reads")
				}
			})
		})
	}
}

// After a failed write, reading goes on for up to a second, to the peer's close frame. Messages are
// dropped: they explain nothing, and the answer could not be sent.
func TestCloseReadAfterFailedWrite(t *testing.T) {
	for name, prepare := range map[string]func(c *Conn, p *peer){
		"CloseRead first": func(c *Conn, _ *peer) {
			c.CloseRead()
			synctest.Wait()
			failWrite(t, c)
		},
		"write first": func(c *Conn, p *peer) {
			failWrite(t, c)
			p.Send(wire.OpText, true, "kept, and then dropped")
			synctest.Wait()
			c.CloseRead()
		},
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				prepare(c, p)
				p.Send(wire.OpText, false, "dropped")
				p.SendClose(4001, "why")
				<-c.Context().Done()
				wantPeersClose(t, c, CloseFrame{4001, "why"})
				wantReleased(t, c)

				c, p = newWornPeer(t, role, Limits{}, 0)
				prepare(c, p)
				p.Send(wire.OpBinary, true, "dropped")
				begun := time.Now()
				<-c.Context().Done()
				if took := time.Since(begun); took > LingerTime {
					t.Errorf("the connection ended after %v, want at most %v", took, LingerTime)
				}
				wantClosed(t, c)
			})
		})
	}
}

// A message that was kept when the connection ended is dropped, and no function is called any more.
func TestCloseReadDropsKept(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		failWrite(t, c)
		p.Send(wire.OpPing, true, "")
		p.Send(wire.OpText, true, "kept")
		<-c.Context().Done()
		if !c.Leftover() {
			t.Fatal("no message was kept")
		}
		c.OnControl(func(wire.Opcode, []byte) bool { t.Error("OnControl after the end"); return false })
		c.CloseRead()
		wantReleased(t, c)
		wantClosed(t, c)
	})
}
