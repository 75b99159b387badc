package websocket_test

import (
	"context"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// If no byte of a first fragment was sent, its message has not begun, so that the next message
// does not interrupt it.
func TestFragmentNeverSent(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(t.Context())
		w, err := c.Writer(ctx, Binary)
		if err != nil {
			t.Fatal(err)
		}
		wrote := start(func() error {
			_, err := w.Write(make([]byte, 2*FragmentSize))
			return err
		})
		synctest.Wait() // the write waits for the peer
		cancel()
		if err := <-wrote; err == nil {
			t.Fatal("Write of a fragment that the peer did not read: got no error")
		}
		if err := w.Close(); err == nil {
			t.Error("Close of a dropped message: got no error")
		}
		next := start(func() error { return c.Write(t.Context(), Text, []byte("next")) })
		p.Expect(wire.OpText, true, "next")
		noError(t, <-next)
	})
}

// A stopContext counts the functions that are registered with it.
type stopContext struct {
	context.Context
	registered int
}

// Value hides the inner context, which package context would register with.
func (c *stopContext) Value(any) any { return nil }

func (c *stopContext) AfterFunc(f func()) func() bool {
	c.registered++
	stop := context.AfterFunc(c.Context, f)
	return func() bool {
		c.registered--
		return stop()
	}
}

// A connection that has ended is not registered with any context, since contexts may live much
// longer.
func TestEndForgetsContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		inner, cancel := context.WithCancel(t.Context())
		defer cancel()
		ctx := &stopContext{Context: inner}
		got := startRead(ctx, c)
		p.Send(wire.OpText, true, "x")
		<-got
		if ctx.registered != 1 {
			t.Errorf("got %d registrations after a read, want 1", ctx.registered)
		}
		c.CloseNow()
		if ctx.registered != 0 {
			t.Errorf("got %d registrations after the end, want 0", ctx.registered)
		}
	})
}
