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

var errAborted = errors.New("aborted")

// ownContexts are contexts that end when the connection ends.
var ownContexts = []struct {
	name   string
	derive func(c *Conn) context.Context
}{
	{"its own", func(c *Conn) context.Context { return c.Context() }},
	{"derived", func(c *Conn) context.Context { return context.WithValue(c.Context(), ownKey{}, 1) }},
	{"with a timeout", func(c *Conn) context.Context {
		ctx, cancel := context.WithTimeout(c.Context(), time.Hour)
		context.AfterFunc(ctx, cancel)
		return ctx
	}},
}

type ownKey struct{}

// Close may be called with the context of its connection, as in Serve. When the connection
// ends, Close returns the cause, and not that its context ended.
func TestCloseReturnsCause(t *testing.T) {
	breakRule := func(p *peer) { p.Write(p.rawFrame(0x83, 1, 0, "", false)) }
	for _, row := range []struct {
		name   string
		before func(c *Conn, p *peer) // runs before Close is called
		after  func(c *Conn, p *peer)
		want   error
	}{
		{"violation", nil, func(_ *Conn, p *peer) { p.Next(); breakRule(p) }, wire.ErrReservedOpcode},
		{"end of the stream", nil, func(_ *Conn, p *peer) { p.Next(); p.nc.Close() }, io.ErrUnexpectedEOF},
		{"Abort", nil, func(c *Conn, p *peer) { p.Next(); c.Abort(errAborted) }, errAborted},
		{"CloseNow", nil, func(c *Conn, p *peer) { p.Next(); c.CloseNow() }, net.ErrClosed},
		{"Abort before the frame", nil, func(c *Conn, _ *peer) { c.Abort(errAborted) }, errAborted},
		{"violation that cannot be answered", func(c *Conn, p *peer) {
			startRead(context.Background(), c)
			breakRule(p)
			time.Sleep(DefaultCloseTimeout / 2) // let the connection end before Close times out
		}, func(*Conn, *peer) {}, wire.ErrReservedOpcode},
	} {
		for _, own := range ownContexts {
			t.Run(row.name+"/"+own.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					if row.before != nil {
						row.before(c, p)
					}
					closed := start(func() error { return c.Close(own.derive(c), StatusGoingAway, "") })
					synctest.Wait()
					row.after(c, p)
					wantEnd(t, c, <-closed, "close", row.want)
				})
			})
		}
	}
}

// If the connection ends just as Close times out, Close returns either error, but never
// that its context was canceled.
func TestCloseTimesOutAsConnectionEnds(t *testing.T) {
	for range 20 { // the order of the two is random
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{})
			closed := start(func() error { return c.Close(c.Context(), StatusGoingAway, "") })
			p.Write(p.rawFrame(0x83, 1, 0, "", false)) // and does not read
			err := <-closed
			if errors.Is(err, context.Canceled) ||
				!errors.Is(err, wire.ErrReservedOpcode) && !errors.Is(err, ErrCloseTimeout) {
				t.Errorf("got %v, want %v or %v", err, wire.ErrReservedOpcode, ErrCloseTimeout)
			}
		})
	}
}

// Every blocking call returns the cause of the end on every transport. The end of a context
// together with the connection does not make a transport overdue.
func TestCallsReturnCause(t *testing.T) {
	for _, kind := range []struct {
		name string
		wrap func(net.Conn) net.Conn
	}{
		{"pipe", func(nc net.Conn) net.Conn { return nc }},
		{"no deadlines", func(nc net.Conn) net.Conn { return undeadlined{slowlyClosed{nc}} }},
		{"ignored deadlines", func(nc net.Conn) net.Conn { return heedless{slowlyClosed{nc}} }},
	} {
		for _, wait := range waits {
			for _, own := range ownContexts {
				t.Run(kind.name+"/"+wait.name+"/"+own.name, func(t *testing.T) {
					eachRole(t, func(t *testing.T, role wire.Role) {
						c, _ := newPipePeer(t, kind.wrap, ConnOptions{Role: role, Limits: Limits{}})
						done := start(func() error { return wait.call(own.derive(c), c) })
						synctest.Wait()
						c.Abort(errAborted)
						wantEnd(t, c, <-done, wait.name, errAborted)
						wantClosed(t, c)
						time.Sleep(2 * grace) // until the transport is closed
					})
				})
			}
		}
	}
}

// A slowlyClosed is a transport whose Close takes longer than the watchdog waits for an
// operation.
type slowlyClosed struct{ net.Conn }

func (nc slowlyClosed) Close() error {
	time.Sleep(2 * grace)
	return nc.Conn.Close()
}

// Close ends a connection after a failed write. A waiting read returns the error of that
// write.
func TestReadReturnsCauseOfClose(t *testing.T) {
	for _, own := range ownContexts {
		t.Run(own.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, _ := newWornPeer(t, role, Limits{}, 0)
				failWrite(t, c)
				read := startRead(own.derive(c), c)
				synctest.Wait()
				c.End(ErrClosed) // as Close does before it drops the connection
				wantEnd(t, c, (<-read).err, "read", errWornOut)
			})
		})
	}
}

// wantEnd checks that err is an error of op with want, the cause of the end of c, and has
// no error of a context.
func wantEnd(t *testing.T, c *Conn, err error, op string, want error) {
	t.Helper()
	e := wantError(t, err, op, want)
	var cause *Error
	if !errors.As(context.Cause(c.Context()), &cause) || e.Err != cause.Err || !errors.Is(e, net.ErrClosed) {
		t.Errorf("got %v, want net.ErrClosed with the cause %v", e, context.Cause(c.Context()))
	}
	if errors.Is(e, context.Canceled) || e.Timeout() {
		t.Errorf("got %v, want no error of a context", e)
	}
}
