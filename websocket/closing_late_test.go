package websocket

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/hawser-ws/hawser/wire"
)

// A message that waits behind a close frame can never go out. When its context ends
// it is not accepted, though an extension has transformed it.
func TestCloseBeforeTransformedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, _ := runsPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w := transformedWriter(t, ctx, c, 2*fragmentSize)
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait() // its frame has the turn until the peer reads
		written := start(w.Close)
		synctest.Wait()
		cancel()
		if e := wantError(t, <-written, "write", net.ErrClosed); e.Accepted {
			t.Errorf("%+v", e)
		}
		wantCloseAlone(t, p)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// A message may be accepted at the very moment in which Close gets the turn: it goes
// out before the close frame.
func TestCloseAfterAcceptedMessage(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, theirs := runsPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		w := transformedWriter(t, ctx, c, 2*fragmentSize)
		if !c.out.frames.tryLock() {
			t.Fatal("the turn is taken")
		}
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait()
		written := start(w.Close)
		synctest.Wait()
		cancel()
		if e := wantError(t, <-written, "write", context.Canceled); !e.Accepted {
			t.Fatalf("%+v", e)
		}
		c.out.frames.unlock() // as if this had been before the message was postponed
		if _, got := p.message(); len(theirs.decode(got)) != 2*fragmentSize {
			t.Errorf("%d bytes came", len(got))
		}
		wantCloseAlone(t, p)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// A part of a message is accepted, then the connection is closed: the message was
// never ended, so the Writer's Close does not say that it was accepted.
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
			t.Fatalf("%+v", e)
		}
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		synctest.Wait()
		p.expect(wire.OpText, false, "begun")
		synctest.Wait() // the close frame waits for the peer to read
		if e := wantError(t, w.Close(), "write", context.Canceled); e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Errorf("%+v", e)
		}
		wantCloseAlone(t, p)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// transformedWriter returns a Writer that holds a message of n bytes, more than
// fragmentSize, which the extension has begun to transform.
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

// wantCloseAlone answers the close frame that comes next, and checks that it is the
// last.
func wantCloseAlone(t *testing.T, p *peer) {
	t.Helper()
	p.expectClose(StatusGoingAway)
	p.sendClose(StatusGoingAway, "")
	if p.role == wire.Server {
		p.nc.Close() // a server is the first to
		return
	}
	p.expectEOF()
}
