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

// CloseNow ends all calls in progress at once.
func TestCloseNow(t *testing.T) {
	ctx := context.Background()
	for _, row := range []struct {
		name string
		run  func(c *Conn) error
		peer func(p *peer) // runs before CloseNow; may be nil
	}{
		{"Read", func(c *Conn) error { _, _, err := c.Read(ctx); return err }, nil},
		{"Read within a message", func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.Send(wire.OpText, false, "half") }},
		{"Write", func(c *Conn) error { return c.Write(ctx, Text, []byte("text")) }, nil},
		{"large Write", func(c *Conn) error { return c.Write(ctx, Text, make([]byte, 1<<20)) }, nil},
		{"Write in progress", func(c *Conn) error { return c.Write(ctx, Text, make([]byte, 1<<20)) },
			func(p *peer) { io.ReadFull(p.nc, make([]byte, 5)) }},
		{"Ping", func(c *Conn) error { _, err := c.Ping(ctx); return err }, func(p *peer) { p.Next() }},
		{"Close", func(c *Conn) error { return c.Close(ctx, StatusNormalClosure, "") }, nil},
		{"Close that waits", func(c *Conn) error { return c.Close(ctx, StatusNormalClosure, "") },
			func(p *peer) { p.ExpectClose(StatusNormalClosure) }},
		{"failing", func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.Write([]byte("\xff\xff")) }},
		{"answering", func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.SendClose(StatusGoingAway, "") }},
		{"answering a ping", func(c *Conn) error { _, _, err := c.Read(ctx); return err },
			func(p *peer) { p.Send(wire.OpPing, true, "") }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				done := timed(func() error { return row.run(c) })
				if row.peer != nil {
					row.peer(p)
				}
				synctest.Wait()
				queued := start(func() error {
					w, err := c.Writer(ctx, Text) // may wait for its turn
					if err == nil {
						err = w.Close()
					}
					return err
				})
				synctest.Wait()
				noError(t, c.CloseNow())
				if r := <-done; !errors.Is(r.err, net.ErrClosed) || r.took != 0 {
					t.Errorf("got %v after %v, want net.ErrClosed at once", r.err, r.took)
				}
				if err := <-queued; !errors.Is(err, net.ErrClosed) {
					t.Errorf("waiting writer: got %v, want net.ErrClosed", err)
				}
				wantClosed(t, c)
			})
		})
	}
}

// After the closing handshake, CloseNow does not end the wait for the peer to close TCP,
// because our close frame may still be in transit. Neither CloseNow nor Read waits for it.
func TestCloseNowWhileDraining(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Client, Limits{})
		begun := time.Now()
		read := timed(func() error { _, _, err := c.Read(context.Background()); return err })
		p.SendClose(StatusGoingAway, "")
		p.ExpectClose(StatusGoingAway)
		time.Sleep(time.Second)
		c.CloseNow()
		if took := time.Since(begun); took != time.Second {
			t.Errorf("CloseNow returned %v after the start, want 1s", took)
		}
		var e *CloseError
		if r := <-read; !errors.As(r.err, &e) && !errors.Is(r.err, net.ErrClosed) || r.took != 0 {
			t.Errorf("read: got %v after %v, want the peer's close at once", r.err, r.took)
		}
		p.ExpectEOF()
		if took := time.Since(begun); took != DefaultCloseTimeout {
			t.Errorf("TCP was closed after %v, want %v", took, DefaultCloseTimeout)
		}
		wantClosed(t, c)
	})
}

// The end of the stream without a close frame is io.ErrUnexpectedEOF.
func TestStreamEnds(t *testing.T) {
	for _, row := range []struct{ name, sent string }{
		{"between messages", ""},
		{"in a header", "\x82"},
		{"in a payload", "\x82\x05abc"},
		{"in a message", "\x02\x03abc"},
		{"in a close frame", "\x88\x05\x03\xe8b"},
	} {
		for _, kind := range transports {
			t.Run(row.name+"/"+kind, func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, wire.Client)
				read := startRead(bounded(t), c)
				p.Write([]byte(row.sent))
				p.nc.Close()
				e := wantError(t, (<-read).err, "read", io.ErrUnexpectedEOF)
				const want = "read: connection ended without a close frame"
				if !errors.Is(e, net.ErrClosed) || e.Code != 0 || !strings.Contains(e.Error(), want) {
					t.Errorf("got %v (%+v), want net.ErrClosed, no code and %q", e, e, want)
				}
				wantClosed(t, c)
			})
		}
	}
}

// Unread bytes of the peer do not make the operating system reset the connection, which
// could overtake our close frame.
func TestResetDoesNotOvertake(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped"} {
		for _, role := range roles {
			for _, what := range []string{"fault", "close"} {
				t.Run(kind+"/"+role.String()+"/"+what, func(t *testing.T) {
					checkLeaks(t)
					c, p := newPeerWith(t, kind, role)
					read := startRead(bounded(t), c)
					first := p.rawFrame(0x83, 1, 0, "", false)
					want := StatusProtocolError
					if what == "close" {
						first, want = p.Frame(wire.OpClose, true, closeFrame), StatusNormalClosure
					}
					p.Write(append(first, make([]byte, 200<<10)...))
					p.ExpectClose(want)
					if kind != "wrapped" && (what == "fault" || role == wire.Server) {
						p.ExpectEOF()
					}
					p.nc.Close()
					if g := <-read; !errors.Is(g.err, net.ErrClosed) {
						t.Errorf("read: got %+v, want net.ErrClosed", g)
					}
					wantClosed(t, c)
				})
			}
		}
	}
}

// After the end of the connection, Writer and Write fail even though the turn to write is
// still free because a read has not yet returned.
func TestWriterAfterEndBeforeRelease(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{})
		if !c.ReadTurn().TryLock() { // as a read would
			t.Fatal("the turn to read is not free")
		}
		c.CloseNow()
		if _, err := c.Writer(context.Background(), Text); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Writer: got %v, want net.ErrClosed", err)
		}
		if err := c.Write(context.Background(), Text, nil); !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		c.EndRead()
		wantClosed(t, c)
	})
}
