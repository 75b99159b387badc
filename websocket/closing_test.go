package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// When the peer closes, it gets its code back, and reads return its code and reason. A loop
// over Messages ends without an error if the code says that nothing went wrong.
func TestPeerCloses(t *testing.T) {
	for _, row := range []struct {
		code   StatusCode
		reason string
		well   bool
	}{
		{StatusNormalClosure, "", true},
		{StatusNormalClosure, "bye", true},
		{StatusGoingAway, "", true},
		{StatusNoStatusReceived, "", true},
		{StatusProtocolError, "you broke it", false},
		{StatusInternalError, strings.Repeat("r", 123), false},
		{3000, "", false},
		{4999, "\u2708", false},
	} {
		for _, style := range readStyles {
			t.Run(row.code.String()+"/"+style.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newPeer(t, role, Limits{})
					read := style.make(c)
					got := start(func() received { return read(context.Background()) })
					p.SendClose(row.code, row.reason)
					if row.code == StatusNoStatusReceived {
						p.Expect(wire.OpClose, true, "")
					} else if reason := p.ExpectClose(row.code); reason != "" {
						t.Errorf("answered with reason %q, want none", reason)
					}
					p.nc.Close()
					g := <-got
					want := CloseError{row.code, row.reason}
					var e *CloseError
					switch {
					case row.well && style.name == "Messages":
						if g.err != errLoopEnded {
							t.Errorf("the loop yielded %v, want no error", g.err)
						}
					case !errors.As(g.err, &e) || *e != want || !errors.Is(g.err, net.ErrClosed):
						t.Errorf("got %v, want %v", g.err, &want)
					}
					if cause, ok := context.Cause(c.Context()).(*CloseError); !ok || *cause != want {
						t.Errorf("Context has cause %v, want %v", context.Cause(c.Context()), &want)
					}
					wantClosed(t, c)
					if _, _, err := c.Read(context.Background()); !errors.As(err, &e) || *e != want {
						t.Errorf("next Read: got %v, want %v", err, &want)
					}
				})
			})
		}
	}
}

// The server closes TCP at once. The client waits until the server has closed it, but no
// longer than CloseTimeout (RFC 6455, section 7.1.1).
func TestWhoDropsFirst(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, peerFirst := range []bool{true, false} {
			for _, peerDrops := range []bool{true, false} {
				c, p := newPeer(t, role, Limits{CloseTimeout: 3 * time.Second})
				begun := time.Now()
				var done <-chan error
				if peerFirst {
					done = start(func() error { _, _, err := c.Read(context.Background()); return err })
					p.SendClose(StatusNormalClosure, "")
					p.ExpectClose(StatusNormalClosure)
				} else {
					done = start(func() error {
						return c.Close(context.Background(), StatusNormalClosure, "")
					})
					p.ExpectClose(StatusNormalClosure)
					p.SendClose(StatusNormalClosure, "")
				}
				want := time.Duration(0)
				if role == wire.Client {
					want = 3 * time.Second
					if peerDrops {
						want = time.Second
						time.Sleep(want)
						p.nc.Close()
					}
				}
				if !peerDrops || role == wire.Server {
					p.ExpectEOF()
				}
				if err := <-done; peerFirst != (err != nil) {
					t.Errorf("peer first %v: got %v, want an error: %v", peerFirst, err, peerFirst)
				}
				if got := time.Since(begun); got != want {
					t.Errorf("peer first %v, drops %v: TCP was closed after %v, want %v",
						peerFirst, peerDrops, got, want)
				}
				wantClosed(t, c)
			}
		}
	})
}

// Close sends a close frame with the code and as much of the reason as fits.
func TestCloseFrame(t *testing.T) {
	for _, row := range []struct {
		name, reason string
		code         StatusCode
		want         string
	}{
		{"normal", "", StatusNormalClosure, "\x03\xe8"},
		{"reason", "bye \u2708", StatusGoingAway, "\x03\xe9bye \u2708"},
		{"empty", "", StatusNoStatusReceived, ""},
		{"private", "", 4999, "\x13\x87"},
		{"long", strings.Repeat("r", 200), StatusNormalClosure, "\x03\xe8" + strings.Repeat("r", 123)},
		{"long, cut in a rune", strings.Repeat("\u00e4", 100), StatusNormalClosure,
			"\x03\xe8" + strings.Repeat("\u00e4", 61)},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				done := start(func() error { return c.Close(context.Background(), row.code, row.reason) })
				p.Expect(wire.OpClose, true, row.want)
				p.SendClose(StatusGoingAway, "the peer's own")
				p.nc.Close()
				noError(t, <-done)
				var e *Error
				if cause := context.Cause(c.Context()); !errors.As(cause, &e) || e.Err != net.ErrClosed {
					t.Errorf("Context has cause %v, want net.ErrClosed alone", cause)
				}
				wantClosed(t, c)
			})
		})
	}
}

// If the code or the reason must not be sent, Close closes the connection with what can be
// sent, and returns an error.
func TestCloseRefused(t *testing.T) {
	for _, row := range []struct {
		code   StatusCode
		reason string
		want   wire.Violation
		sent   StatusCode
	}{
		{0, "", wire.ErrCloseCode, StatusInternalError},
		{999, "", wire.ErrCloseCode, StatusInternalError},
		{StatusNoStatusReceived, "a reason", wire.ErrCloseCode, StatusNoStatusReceived},
		{StatusAbnormalClosure, "", wire.ErrCloseCode, StatusInternalError},
		{1015, "", wire.ErrCloseCode, StatusInternalError},
		{5000, "\xff", wire.ErrCloseCode, StatusInternalError},
		{StatusNormalClosure, "\xff", wire.ErrInvalidUTF8, StatusNormalClosure},
		{4000, "a reason\xff", wire.ErrInvalidUTF8, 4000},
	} {
		for _, answers := range []bool{true, false} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				closed := start(func() error { return c.Close(context.Background(), row.code, row.reason) })
				if row.sent == StatusNoStatusReceived {
					p.Expect(wire.OpClose, true, "")
				} else if reason := p.ExpectClose(row.sent); reason != "" {
					t.Errorf("%v: sent reason %q, want none", row.code, reason)
				}
				want := StatusAbnormalClosure
				if answers {
					p.SendClose(4002, "")
					want = 4002
				}
				p.nc.Close()
				e := wantError(t, <-closed, "close", row.want)
				if !errors.Is(e, net.ErrClosed) || CloseStatus(e) != want {
					t.Errorf("%v: got %v, want net.ErrClosed with status %v", row.code, e, want)
				}
				wantClosed(t, c)
			})
		}
	}
}

// If the peer closes while Close waits for a writer, both sides still send their close
// frames before TCP is closed.
func TestCloseMeetsPeersClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		written := stallWriter(c, "slow")
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "ours") })
		synctest.Wait()
		p.SendClose(StatusNormalClosure, "theirs")
		synctest.Wait()
		p.Expect(wire.OpText, true, "slow")
		if reason := p.ExpectClose(StatusGoingAway); reason != "ours" {
			t.Errorf(`got reason %q, want "ours"`, reason)
		}
		if role == wire.Client {
			p.nc.Close()
		} else {
			p.ExpectEOF()
		}
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if g := <-read; !errors.Is(g.err, net.ErrClosed) {
			t.Errorf("Read: got %+v, want net.ErrClosed", g)
		}
		wantClosed(t, c)
	})
}

// If the peer breaks a rule while Close waits for a writer, our close frame is still sent,
// with the code of Close, because only one may be sent.
func TestCloseMeetsFault(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		written := stallWriter(c, "slow")
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "ours") })
		synctest.Wait()
		p.Write(p.rawFrame(0x83, 1, 0, "", false))
		synctest.Wait()
		p.Expect(wire.OpText, true, "slow")
		p.ExpectClose(StatusGoingAway)
		p.ExpectEOF()
		<-written
		if e := wantError(t, <-closed, "close", wire.ErrReservedOpcode); !errors.Is(e, net.ErrClosed) {
			t.Errorf("Close: got %v, want net.ErrClosed", e)
		}
		if e := wantError(t, (<-read).err, "read", wire.ErrReservedOpcode); e.Code != 0 {
			t.Errorf("Read: got code %v, want 0", e.Code)
		}
		wantClosed(t, c)
	})
}

// A close frame, of Close or in answer to the peer, waits for a stalled writer, but no
// longer than CloseTimeout.
func TestCloseBehindStalledWriter(t *testing.T) {
	for _, what := range []string{"Close", "answer", "fault"} {
		t.Run(what, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				written := stallWriter(c, "never read")
				var done <-chan timedResult
				if what == "Close" {
					done = timed(func() error {
						return c.Close(context.Background(), StatusNormalClosure, "")
					})
				} else {
					done = timed(func() error { _, _, err := c.Read(context.Background()); return err })
				}
				switch what {
				case "answer":
					p.SendClose(StatusNormalClosure, "")
				case "fault":
					p.Write(p.rawFrame(0x83, 1, 0, "", false))
				}
				r := <-done
				if r.took != DefaultCloseTimeout || !errors.Is(r.err, net.ErrClosed) {
					t.Errorf("got %v after %v, want net.ErrClosed after %v",
						r.err, r.took, DefaultCloseTimeout)
				}
				var e *Error
				if what == "fault" && (!errors.As(r.err, &e) || e.Code != 0) {
					t.Errorf("got %+v, want code 0 because no close frame was sent", e)
				}
				if err := <-written; !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write: got %v, want net.ErrClosed", err)
				}
				wantClosed(t, c)
			})
		})
	}
}

// If Close is called several times at once, one call sends its frame, and all return when
// the closing handshake is complete.
func TestCloseTwice(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		first := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "first") })
		synctest.Wait()
		second := start(func() error { return c.Close(context.Background(), StatusGoingAway, "second") })
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		third := timed(func() error {
			_, _, err := c.Read(ctx)
			return err
		})
		if reason := p.ExpectClose(StatusNormalClosure); reason != "first" {
			t.Errorf(`got reason %q, want "first"`, reason)
		}
		r := <-third
		if !errors.Is(r.err, context.DeadlineExceeded) || errors.Is(r.err, net.ErrClosed) ||
			r.took != time.Second {
			t.Errorf("Read: got %v after %v, want a timeout alone after 1s", r.err, r.took)
		}
		p.answer()
		p.nc.Close()
		if err := <-first; err != nil {
			t.Errorf("first Close: %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("second Close: %v", err)
		}
		wantClosed(t, c)
	})
}

// A Close whose context ends also ends the connection for concurrent calls of Close.
func TestCloseTwiceOneGivesUp(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		patient := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		hasty := timed(func() error { return c.Close(ctx, StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		if r := <-hasty; !errors.Is(r.err, context.DeadlineExceeded) || r.took != time.Second {
			t.Errorf("hasty Close: got %v after %v, want a timeout after 1s", r.err, r.took)
		}
		if err := <-patient; !errors.Is(err, net.ErrClosed) {
			t.Errorf("patient Close: got %v, want net.ErrClosed", err)
		}
		p.ExpectEOF()
		wantClosed(t, c)
	})
}

// Close with a context that has already ended drops the connection.
func TestCloseWithEndedContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		wantError(t, c.Close(ctx, StatusNormalClosure, ""), "close", context.Canceled)
		p.ExpectEOF()
		wantClosed(t, c)
	})
}

// If a read is canceled while Close waits for it, Close reads the rest.
func TestCloseTakesOverReading(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		synctest.Wait()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		cancel()
		if g := <-read; !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
			t.Errorf("Read: got %v, want context.Canceled alone", g.err)
		}
		p.Send(wire.OpText, true, "dropped")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		wantClosed(t, c)
	})
}

// While Close waits for the answer, nothing else is sent, and calls that write return
// net.ErrClosed.
func TestNothingAfterCloseFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "part")
		flushed := start(w.Flush)
		p.Expect(wire.OpText, false, "part")
		<-flushed
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		if _, err := c.Ping(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Ping: got %v, want net.ErrClosed", err)
		}
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageWriter.Close: got %v, want net.ErrClosed", err)
		}
		if err := c.Write(context.Background(), Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		if c.Context().Err() != nil {
			t.Error("the connection ended before the peer answered")
		}
		p.Send(wire.OpPing, true, "not answered")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := c.Stats().ControlsWritten; n != 1 {
			t.Errorf("sent %d control frames, want 1", n)
		}
		wantClosed(t, c)
	})
}
