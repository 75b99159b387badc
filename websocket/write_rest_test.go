package websocket_test

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// cutWrite begins a write, lets the peer read n bytes and cancels the context.
func cutWrite(t *testing.T, c *Conn, p *peer, payload string, n int) *Error {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	data := []byte(payload)
	done := start(func() error { return c.Write(ctx, Text, data) })
	p.take(n)
	synctest.Wait()
	cancel()
	e := wantError(t, <-done, "write", context.Canceled)
	clear(data) // the caller may change it again
	return e
}

// The rest of a cut message is sent even if there are no later writes.
func TestRestIsSentByItself(t *testing.T) {
	for _, n := range []int{10, FragmentSize, 3 * blockSize, largeSize, MaxRest - 100} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{})
			payload := strings.Repeat("cut ", n/4)
			e := cutWrite(t, c, p, payload, 3)
			if !e.Accepted || errors.Is(e, net.ErrClosed) {
				t.Fatalf("got %+v, want an accepted message", e)
			}
			time.Sleep(time.Second)
			p.Expect(wire.OpText, true, payload)
			synctest.Wait()
			if c.HasRest() || !c.FrameTurn().TryLock() {
				t.Error("the rest was sent, but the Conn still keeps it or the turn")
			} else {
				c.UnlockFrames()
			}
		})
	}
}

// Messages that are cut one after the other arrive whole and in order, together with the pongs
// that are due in the meantime.
func TestRestInOrder(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		if e := cutWrite(t, c, p, "first, which is cut", 5); !e.Accepted {
			t.Fatalf("got %+v, want an accepted message", e)
		}
		p.Send(wire.OpPing, true, "one")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		err := c.Write(ctx, Text, []byte("never sent: it waits for the first"))
		e := wantError(t, err, "write", context.DeadlineExceeded)
		if e.Accepted || errors.Is(e, net.ErrClosed) {
			t.Errorf("got %+v, want a message that is not accepted and an open connection", e)
		}
		second := start(func() error { return c.Write(context.Background(), Binary, []byte("second")) })
		synctest.Wait()
		p.Send(wire.OpPing, true, "two")
		p.Expect(wire.OpText, true, "first, which is cut")
		p.Expect(wire.OpPong, true, "one")
		var rest []string
		for range 2 {
			h, payload := p.mustNext()
			rest = append(rest, h.Opcode.String()+" "+string(payload))
		}
		got := strings.Join(rest, ", ")
		if got != "binary second, pong two" && got != "pong two, binary second" {
			t.Errorf("then got %s, want the second message and its pong", got)
		}
		noError(t, <-second)
		if e := cutWrite(t, c, p, "third, cut too", 1); !e.Accepted {
			t.Fatalf("got %+v, want an accepted message", e)
		}
		done := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.Expect(wire.OpText, true, "third, cut too")
		p.ExpectClose(StatusNormalClosure)
		p.answer()
		p.nc.Close()
		if err := <-done; err != nil {
			t.Errorf("Close: got %v, want nil", err)
		}
		<-read // the reader gives its turn back a moment after the end
		wantClosed(t, c)
	})
}

// If the peer does not read the rest of a message within WriteTimeout, the connection ends as
// after any write, once a reader has waited for the peer's close frame.
func TestRestNotTaken(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		begun := time.Now()
		if e := cutWrite(t, c, p, "cut", 1); !e.Accepted {
			t.Fatalf("got %+v, want an accepted message", e)
		}
		_, _, err := c.Read(context.Background())
		e := wantError(t, err, "read", ErrPeerNotReading)
		want := DefaultWriteTimeout + LingerTime
		if took := time.Since(begun); !errors.Is(e, net.ErrClosed) || took != want {
			t.Errorf("got %+v after %v, want net.ErrClosed after %v", e, took, want)
		}
		wantClosed(t, c)
	})
}

// A write to a peer that reads nothing ends the connection after WriteTimeout.
func TestWriteTimeout(t *testing.T) {
	for _, n := range []int{0, 10, 5 * blockSize} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			for _, limit := range []time.Duration{0, time.Second} {
				c, _ := newPeer(t, role, Limits{WriteTimeout: limit})
				read := startRead(context.Background(), c)
				r := <-timed(func() error { return c.Write(context.Background(), Binary, make([]byte, n)) })
				want := max(limit, time.Second)
				if limit == 0 {
					want = DefaultWriteTimeout
				}
				e := wantError(t, r.err, "write", ErrPeerNotReading)
				if !errors.Is(e, net.ErrClosed) || e.Accepted || r.took != want {
					t.Errorf("got %+v after %v, want net.ErrClosed after %v", e, r.took, want)
				}
				wantError(t, (<-read).err, "read", ErrPeerNotReading)
				wantClosed(t, c)
			}
		})
	}
}

// A write to a peer that reads slowly but steadily does not time out. A negative WriteTimeout
// turns the limit off.
func TestWriteTimeoutSlowPeer(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, n := range []int{100, 2 * blockSize} {
			c, p := newPeer(t, role, Limits{})
			done := timed(func() error { return c.Write(context.Background(), Binary, make([]byte, n)) })
			for took := n / 50; took <= n; took += n / 50 {
				time.Sleep(29 * time.Second)
				p.take(took)
			}
			p.Expect(wire.OpBinary, true, string(make([]byte, n)))
			if r := <-done; r.err != nil || r.took < 20*time.Minute {
				t.Errorf("got error %v after %v, want nil after 20 minutes or more", r.err, r.took)
			}
		}
		c, p := newPeer(t, role, Limits{WriteTimeout: -1})
		done := start(func() error { return c.Write(context.Background(), Binary, nil) })
		time.Sleep(24 * time.Hour)
		p.Expect(wire.OpBinary, true, "")
		noError(t, <-done)
	})
}
