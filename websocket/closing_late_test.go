package websocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A message that waits while a close frame is written can never be sent. When its context
// ends, it is not accepted, even though an extension has transformed it.
func TestCloseBeforeTransformedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, _ := runsPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w := transformedWriter(t, ctx, c, 2*FragmentSize)
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait() // the close frame is being written until the peer reads
		written := start(w.Close)
		synctest.Wait()
		cancel()
		if e := wantError(t, <-written, "write", net.ErrClosed); e.Accepted {
			t.Errorf("got %+v, want Accepted: false", e)
		}
		wantCloseAlone(t, p)
		noError(t, <-closed)
	})
}

// A message that is accepted just as Close gets the turn to write is sent before the close
// frame.
func TestCloseAfterAcceptedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, theirs := runsPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w := transformedWriter(t, ctx, c, 2*FragmentSize)
		if !c.FrameTurn().TryLock() {
			t.Fatal("the turn is taken")
		}
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait()
		written := start(w.Close)
		synctest.Wait()
		cancel()
		if e := wantError(t, <-written, "write", context.Canceled); !e.Accepted {
			t.Fatalf("got %+v, want Accepted: true", e)
		}
		c.FrameTurn().Unlock() // as if Close had got the turn before the message was accepted
		if _, got := p.message(); len(theirs.decode(got)) != 2*FragmentSize {
			t.Errorf("got a message of %d bytes encoded, want %d decoded", len(got), 2*FragmentSize)
		}
		wantCloseAlone(t, p)
		noError(t, <-closed)
	})
}

// If Close is called between the fragments of a message, MessageWriter.Close reports that
// the message was not accepted, even though a fragment was.
func TestCloseInUnendedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w, err := c.Writer(ctx, Text)
		if err != nil {
			t.Fatal(err)
		}
		w.Write([]byte("begun"))
		flushed := start(w.Flush)
		p.take(3)
		cancel()
		if e := wantError(t, <-flushed, "write", context.Canceled); !e.Accepted {
			t.Fatalf("got %+v, want Accepted: true", e)
		}
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait()
		p.Expect(wire.OpText, false, "begun")
		synctest.Wait() // the close frame waits for the peer to read
		e := wantError(t, w.Close(), "write", context.Canceled)
		if e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Errorf("got %+v, want Accepted: false and not net.ErrClosed", e)
		}
		wantCloseAlone(t, p)
		noError(t, <-closed)
	})
}

// transformedWriter returns a MessageWriter with n bytes of a message that the extension has
// begun to transform. n must be more than FragmentSize.
func transformedWriter(t *testing.T, ctx context.Context, c *Conn, n int) *MessageWriter {
	t.Helper()
	w, err := c.Writer(ctx, Binary)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write([]byte(strings.Repeat("a", n))); err != nil {
		t.Fatal(err)
	}
	return w
}

// wantCloseAlone checks that the next frame is a close frame, answers it, and checks that
// no other frame follows.
func wantCloseAlone(t *testing.T, p *peer) {
	t.Helper()
	p.ExpectClose(StatusGoingAway)
	p.SendClose(StatusGoingAway, "")
	if p.role == wire.Server {
		p.nc.Close() // a server closes TCP first
		return
	}
	p.ExpectEOF()
}
