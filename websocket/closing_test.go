package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// The peer closes: it gets its code back, the reader gets code and reason, and the
// loop over Messages ends as the code asks for.
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
					p.sendClose(row.code, row.reason)
					if row.code == StatusNoStatusReceived {
						p.expect(wire.OpClose, true, "")
					} else if reason := p.expectClose(row.code); reason != "" {
						t.Errorf("reason %q sent back", reason)
					}
					p.nc.Close()
					g := <-got
					want := CloseError{row.code, row.reason}
					var e *CloseError
					switch {
					case row.well && style.name == "Messages":
						if g.err != errLoopEnded {
							t.Errorf("the loop yielded %v", g.err)
						}
					case !errors.As(g.err, &e) || *e != want || !errors.Is(g.err, net.ErrClosed):
						t.Errorf("got %v, want %v", g.err, &want)
					}
					if cause, ok := context.Cause(c.Context()).(*CloseError); !ok || *cause != want {
						t.Errorf("cause of Context: %v", context.Cause(c.Context()))
					}
					wantClosed(t, c)
					if _, _, err := c.Read(context.Background()); !errors.As(err, &e) || *e != want {
						t.Errorf("next Read: %v", err)
					}
				})
			})
		}
	}
}

// The server drops TCP at once, the client once the server has, or after
// CloseTimeout (RFC 6455, section 7.1.1).
func TestWhoDropsFirst(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		for _, peerFirst := range []bool{true, false} {
			for _, peerDrops := range []bool{true, false} {
				c, p := newPeer(t, role, Limits{CloseTimeout: 3 * time.Second})
				begun := time.Now()
				var done <-chan error
				if peerFirst {
					done = start(func() error { _, _, err := c.Read(context.Background()); return err })
					p.sendClose(StatusNormalClosure, "")
					p.expectClose(StatusNormalClosure)
				} else {
					done = start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
					p.expectClose(StatusNormalClosure)
					p.sendClose(StatusNormalClosure, "")
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
					p.expectEOF()
				}
				if err := <-done; peerFirst != (err != nil) {
					t.Errorf("peer first %v: %v", peerFirst, err)
				}
				if got := time.Since(begun); got != want {
					t.Errorf("peer first %v, drops %v: TCP was dropped after %v, want %v", peerFirst, peerDrops, got, want)
				}
				wantClosed(t, c)
			}
		}
	})
}

// What Close sends.
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
		{"long, cut in a rune", strings.Repeat("\u00e4", 100), StatusNormalClosure, "\x03\xe8" + strings.Repeat("\u00e4", 61)},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				done := start(func() error { return c.Close(context.Background(), row.code, row.reason) })
				p.expect(wire.OpClose, true, row.want)
				p.sendClose(StatusGoingAway, "the peer's own")
				p.nc.Close()
				if err := <-done; err != nil {
					t.Error(err)
				}
				var e *Error
				if cause := context.Cause(c.Context()); !errors.As(cause, &e) || e.Err != net.ErrClosed {
					t.Errorf("cause of Context: %v", cause)
				}
				wantClosed(t, c)
			})
		})
	}
}

// Close with a code or a reason that must not be sent closes the connection with what
// can be sent, and says so.
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
					p.expect(wire.OpClose, true, "")
				} else if reason := p.expectClose(row.sent); reason != "" {
					t.Errorf("%v: reason %q", row.code, reason)
				}
				want := StatusAbnormalClosure
				if answers {
					p.sendClose(4002, "")
					want = 4002
				}
				p.nc.Close()
				if e := wantError(t, <-closed, "close", row.want); !errors.Is(e, net.ErrClosed) || CloseStatus(e) != want {
					t.Errorf("%v: %v", row.code, e)
				}
				wantClosed(t, c)
			})
		}
	}
}

// The peer closes while Close waits behind a writer: both close frames go out, one
// from each side, before TCP is dropped.
func TestCloseMeetsPeersClose(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		written := stallWriter(c, "slow")
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "ours") })
		synctest.Wait()
		p.sendClose(StatusNormalClosure, "theirs")
		synctest.Wait()
		p.expect(wire.OpText, true, "slow")
		if reason := p.expectClose(StatusGoingAway); reason != "ours" {
			t.Errorf("reason %q", reason)
		}
		if role == wire.Client {
			p.nc.Close()
		} else {
			p.expectEOF()
		}
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if g := <-read; !errors.Is(g.err, net.ErrClosed) {
			t.Errorf("Read: %+v", g)
		}
		wantClosed(t, c)
	})
}

// The peer breaks a rule while Close waits behind a writer: our close frame goes
// out all the same, and says what Close was given, since only one may be sent.
func TestCloseMeetsFault(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		read := startRead(context.Background(), c)
		written := stallWriter(c, "slow")
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "ours") })
		synctest.Wait()
		p.write(p.rawFrame(0x83, 1, 0, "", false))
		synctest.Wait()
		p.expect(wire.OpText, true, "slow")
		p.expectClose(StatusGoingAway)
		p.expectEOF()
		<-written
		if e := wantError(t, <-closed, "close", wire.ErrReservedOpcode); !errors.Is(e, net.ErrClosed) {
			t.Errorf("Close: %v", e)
		}
		if e := wantError(t, (<-read).err, "read", wire.ErrReservedOpcode); e.Code != 0 {
			t.Errorf("Read says that %v was sent", e.Code)
		}
		wantClosed(t, c)
	})
}

// A close frame, ours or an answer, waits behind a writer that is stalled, but no
// longer than CloseTimeout.
func TestCloseBehindStalledWriter(t *testing.T) {
	for _, what := range []string{"Close", "answer", "fault"} {
		t.Run(what, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				written := stallWriter(c, "never read")
				var done <-chan timedResult
				if what == "Close" {
					done = timed(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
				} else {
					done = timed(func() error { _, _, err := c.Read(context.Background()); return err })
				}
				switch what {
				case "answer":
					p.sendClose(StatusNormalClosure, "")
				case "fault":
					p.write(p.rawFrame(0x83, 1, 0, "", false))
				}
				r := <-done
				if r.took != DefaultCloseTimeout || !errors.Is(r.err, net.ErrClosed) {
					t.Errorf("%v after %v", r.err, r.took)
				}
				var e *Error
				if what == "fault" && (!errors.As(r.err, &e) || e.Code != 0) {
					t.Errorf("%+v says that a close frame was sent", e)
				}
				if err := <-written; !errors.Is(err, net.ErrClosed) {
					t.Errorf("Write: %v", err)
				}
				wantClosed(t, c)
			})
		})
	}
}

// Of several Closes at once, one sends its frame and all return when it is over.
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
		if reason := p.expectClose(StatusNormalClosure); reason != "first" {
			t.Errorf("reason %q", reason)
		}
		if r := <-third; !errors.Is(r.err, context.DeadlineExceeded) || r.took != time.Second || errors.Is(r.err, net.ErrClosed) {
			t.Errorf("Read: %v after %v", r.err, r.took)
		}
		p.answer()
		p.nc.Close()
		if err := <-first; err != nil {
			t.Errorf("first: %v", err)
		}
		if err := <-second; err != nil {
			t.Errorf("second: %v", err)
		}
		wantClosed(t, c)
	})
}

// A Close whose context ends drops the connection for the others too.
func TestCloseTwiceOneGivesUp(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		patient := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		synctest.Wait()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		hasty := timed(func() error { return c.Close(ctx, StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		if r := <-hasty; !errors.Is(r.err, context.DeadlineExceeded) || r.took != time.Second {
			t.Errorf("hasty: %v after %v", r.err, r.took)
		}
		if err := <-patient; !errors.Is(err, net.ErrClosed) {
			t.Errorf("patient: %v", err)
		}
		p.expectEOF()
		wantClosed(t, c)
	})
}

// A context that has ended before Close is called drops the connection.
func TestCloseWithEndedContext(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		wantError(t, c.Close(ctx, StatusNormalClosure, ""), "close", context.Canceled)
		p.expectEOF()
		wantClosed(t, c)
	})
}

// A reader that leaves while Close waits for it leaves the rest to Close.
func TestCloseTakesOverReading(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		synctest.Wait()
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		cancel()
		if g := <-read; !errors.Is(g.err, context.Canceled) || errors.Is(g.err, net.ErrClosed) {
			t.Errorf("Read: %v", g.err)
		}
		p.send(wire.OpText, true, "dropped")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		wantClosed(t, c)
	})
}

// While Close waits, nothing else is sent, and everybody is told.
func TestNothingAfterCloseFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		w, err := c.Writer(context.Background(), Text)
		if err != nil {
			t.Fatal(err)
		}
		io.WriteString(w, "part")
		flushed := start(w.Flush)
		p.expect(wire.OpText, false, "part")
		<-flushed
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.expectClose(StatusNormalClosure)
		if _, err := c.Ping(context.Background()); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Ping: %v", err)
		}
		if err := w.Close(); !errors.Is(err, net.ErrClosed) {
			t.Errorf("MessageWriter.Close: %v", err)
		}
		if err := c.Write(context.Background(), Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
		if c.Context().Err() != nil {
			t.Error("the connection was dropped before the peer has answered")
		}
		p.send(wire.OpPing, true, "not answered")
		p.answer()
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
		if n := c.Stats().ControlsWritten; n != 1 {
			t.Errorf("%d control frames were sent", n)
		}
		wantClosed(t, c)
	})
}
