package websocket

import (
	"context"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/wire"
)

// A first fragment of which nothing went out was never begun: the next message is
// not taken for an interruption of it.
func TestFragmentNeverSent(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(t.Context())
		w, err := c.Writer(ctx, Binary)
		if err != nil {
			t.Fatal(err)
		}
		wrote := start(func() error {
			_, err := w.Write(make([]byte, 2*fragmentSize))
			return err
		})
		synctest.Wait() // it waits for the peer to read
		cancel()
		if err := <-wrote; err == nil {
			t.Fatal("Write took a fragment that nobody read")
		}
		if err := w.Close(); err == nil {
			t.Error("Close of a message that was dropped: no error")
		}
		next := start(func() error { return c.Write(t.Context(), Text, []byte("next")) })
		p.expect(wire.OpText, true, "next")
		if err := <-next; err != nil {
			t.Error(err)
		}
	})
}

// A stopContext counts the registrations that stand.
type stopContext struct {
	context.Context
	standing int
}

// Value hides the inner context, which package context would register with.
func (c *stopContext) Value(any) any { return nil }

func (c *stopContext) AfterFunc(f func()) func() bool {
	c.standing++
	stop := context.AfterFunc(c.Context, f)
	return func() bool {
		c.standing--
		return stop()
	}
}

// A connection that has ended is registered with no context any more, which may
// live much longer.
func TestEndForgetsContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		inner, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx := &stopContext{Context: inner}
		got := startRead(ctx, c)
		p.send(wire.OpText, true, "x")
		<-got
		if ctx.standing != 1 {
			t.Errorf("%d registrations after a read, want 1", ctx.standing)
		}
		c.CloseNow()
		if ctx.standing != 0 {
			t.Errorf("%d registrations after the end", ctx.standing)
		}
	})
}
