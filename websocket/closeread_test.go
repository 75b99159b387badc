package websocket_test

import (
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// wantUnexpected checks that the peer's message is refused with 1008, and is the cause of the end.
func wantUnexpected(t *testing.T, c *Conn, p *peer) {
	t.Helper()
	if reason := p.ExpectClose(StatusPolicyViolation); reason != "unexpected message" {
		t.Errorf("the reason is %q, want a fixed one", reason)
	}
	p.nc.Close()
	<-c.Context().Done()
	e := wantError(t, context.Cause(c.Context()), "read", ErrUnexpected)
	if v := c.Closure(); e.Code != StatusPolicyViolation || v.ByPeer || v.Err != error(e) {
		t.Errorf("the connection ended with %+v and %+v, want 1008 by this side", e, v)
	}
}

// wantPong checks that pings are answered.
func wantPong(p *peer) {
	p.t.Helper()
	p.Send(wire.OpPing, true, "there?")
	p.Expect(wire.OpPong, true, "there?")
}

// After CloseRead, a program that only writes answers pings, sees pongs, and learns that its peer
// has left.
func TestCloseRead(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		c.CloseRead()
		wantPong(p)
		pinged := start(func() error { _, err := c.Ping(context.Background()); return err })
		_, id := p.mustNext()
		p.Send(wire.OpPong, true, string(id))
		if err := <-pinged; err != nil {
			t.Errorf("Ping: %v", err)
		}
		written := start(func() error { return c.Write(context.Background(), Text, []byte("pushed")) })
		p.Expect(wire.OpText, true, "pushed")
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
		if err := c.Context().Err(); err != nil {
			t.Fatalf("the context has ended before the connection: %v", err)
		}
		p.SendClose(StatusGoingAway, "bye")
		p.ExpectClose(StatusGoingAway)
		p.nc.Close()
		<-c.Context().Done()
		wantPeersClose(t, c, CloseFrame{StatusGoingAway, "bye"})
		wantClosed(t, c)
	})
}

// A message is refused as soon as it begins.
func TestCloseReadRefuses(t *testing.T) {
	for name, begin := range map[string]func(p *peer, theirs *runs) []byte{
		"text":     func(p *peer, _ *runs) []byte { return p.Frame(wire.OpText, true, "hello") },
		"binary":   func(p *peer, _ *runs) []byte { return p.Frame(wire.OpBinary, true, "\xff") },
		"empty":    func(p *peer, _ *runs) []byte { return p.Frame(wire.OpText, true, "") },
		"fragment": func(p *peer, _ *runs) []byte { return p.Frame(wire.OpText, false, "hel") },
		"first byte of many": func(p *peer, _ *runs) []byte {
			b := p.Frame(wire.OpBinary, true, string(make([]byte, DefaultMaxMessage)))
			return b[:len(b)-DefaultMaxMessage+1]
		},
		"with an extension": func(p *peer, theirs *runs) []byte {
			return p.extFrame(wire.OpText, false, theirs.encode("hello")[:1])
		},
		"not decodable": func(p *peer, _ *runs) []byte { return p.extFrame(wire.OpText, false, "?") },
	} {
		t.Run(name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p, _, theirs := runsPeer(t, role, Limits{})
				c.CloseRead()
				wantPong(p)
				p.Write(begin(p, theirs))
				wantUnexpected(t, c, p)
				if n := c.Stats().MessagesRead; n != 0 {
					t.Errorf("%d messages were read, want none", n)
				}
				wantClosed(t, c)
			})
		})
	}
}

// After CloseRead every read fails at once, and the connection goes on.
func TestReadAfterCloseRead(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				c.CloseRead() // its goroutine may not run yet
				e := wantError(t, style.make(c)(context.Background()).err, "read", ErrConcurrentRead)
				const want = "websocket: read: CloseRead was called: another goroutine is reading"
				if errors.Is(e, net.ErrClosed) || e.Error() != want {
					t.Errorf("got %+v, want %q on an open connection", e, want)
				}
				synctest.Wait()
				wantError(t, style.make(c)(context.Background()).err, "read", ErrConcurrentRead)
				wantPong(p)
				p.SendClose(4001, "")
				p.ExpectClose(4001)
				p.nc.Close()
				<-c.Context().Done()
				var peer *CloseError
				if err := style.make(c)(context.Background()).err; !errors.As(err, &peer) {
					t.Errorf("after the end: got %v, want the peer's close frame", err)
				}
			})
		})
	}
}

// CloseRead may be called again, by any goroutine, and after the end. It leaves no goroutine.
func TestCloseReadAgain(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		for range 10 {
			go c.CloseRead()
		}
		wantPong(p)
		synctest.Wait()
		if n := c.ReadTurn().Waiting(); n > 0 {
			t.Errorf("%d goroutines wait to read, want none", n)
		}
		c.CloseNow()
		c.CloseRead()
		wantClosed(t, c)

		c, _ = newPeer(t, role, Limits{})
		c.CloseNow()
		c.CloseRead()
		wantClosed(t, c)
	})
}

// A read in progress goes on. CloseRead takes over when it returns.
func TestCloseReadTakesOver(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, Limits{})
				read := start(func() received { return style.make(c)(context.Background()) })
				synctest.Wait()
				c.CloseRead()
				wantPong(p)
				p.Send(wire.OpText, true, "asked for")
				if style.name == "Reader" { // each Read of the MessageReader is a read
					wantError(t, (<-read).err, "read", ErrConcurrentRead)
				} else if r := <-read; r.err != nil || r.data != "asked for" {
					t.Fatalf("the read in progress got %+v, want the message", r)
				}
				wantPong(p)
				p.Send(wire.OpText, true, "not asked for")
				wantUnexpected(t, c, p)
			})
		})
	}
}

// A message that was read in part is not refused. Its rest is skipped.
func TestCloseReadSkipsTheRest(t *testing.T) {
	for _, style := range readStyles {
		for _, encoded := range []bool{false, true} {
			name := map[bool]string{true: "/extension"}[encoded]
			t.Run(style.name+name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p, _, theirs := runsPeer(t, role, Limits{Budget: NewBudget(1 << 20)})
					first, rest := p.Frame(wire.OpText, false, "begun"), []byte(" and finished")
					if encoded {
						all := theirs.encode("begun and finished")
						first, rest = p.extFrame(wire.OpText, false, all[:len(all)/2]), []byte(all[len(all)/2:])
					}
					ctx, cancel := context.WithCancel(context.Background())
					read := start(func() error { return style.make(c)(ctx).err })
					p.Write(first)
					synctest.Wait()
					cancel()
					<-read
					c.CloseRead()
					wantPong(p)
					p.Write(p.Frame(wire.OpContinuation, true, string(rest)))
					wantPong(p)
					if n := c.Stats().MessagesRead; n != 1 {
						t.Errorf("%d messages were read, want 1", n)
					}
					p.Send(wire.OpText, true, "not asked for")
					wantUnexpected(t, c, p)
				})
			})
		}
	}
}

// A message that Messages has lent stays as it is while CloseRead reads.
func TestCloseReadInMessages(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		subscribed := p.Frame(wire.OpText, true, "subscribe")
		ping := p.Frame(wire.OpPing, true, "there?")
		go p.Write(append(subscribed, ping...))
		for m, err := range c.Messages(context.Background()) {
			if err != nil {
				wantError(t, err, "read", ErrConcurrentRead)
				break
			}
			c.CloseRead()
			p.Expect(wire.OpPong, true, "there?")
			wantPong(p)
			if string(m.Data) != "subscribe" {
				t.Errorf("the lent message is %q, want %q", m.Data, "subscribe")
			}
		}
		if !c.ReadTurn().Busy() {
			t.Error("the end of the loop gave back the turn of CloseRead")
		}
		wantPong(p)
		p.Send(wire.OpText, true, "more")
		wantUnexpected(t, c, p)
	})
}

// OnControl's function is called as with any other reader, and may answer the close frame later.
func TestCloseReadOnControl(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ops := make(chan wire.Opcode, 10)
		c.OnControl(func(op wire.Opcode, _ []byte) bool { ops <- op; return true })
		c.CloseRead()
		p.Send(wire.OpPing, true, "")
		p.SendClose(StatusNormalClosure, "")
		synctest.Wait()
		if len(ops) != 2 || <-ops != wire.OpPing || <-ops != wire.OpClose {
			t.Error("want a ping and a close frame")
		}
		if c.Context().Err() != nil {
			t.Fatal("the connection ended before its answer")
		}
		written := start(func() error { return c.Write(context.Background(), Text, []byte("goodbye")) })
		p.Expect(wire.OpText, true, "goodbye")
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		p.ExpectClose(StatusNormalClosure)
		p.nc.Close()
		<-closed
		if v := c.Closure(); !v.Clean || !v.ByPeer {
			t.Errorf("the connection ended with %+v, want a clean end by the peer", v)
		}
	})
}

// A Handler closes its connection when Serve returns, as without CloseRead.
func TestCloseReadHandler(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		served := start(func() error {
			Serve(func(ctx context.Context, c *Conn) error {
				c.CloseRead()
				return CloseWith(4001, "done")
			}, c, func(format string, args ...any) { t.Errorf("logged "+format, args...) })
			return nil
		})
		if reason := p.ExpectClose(4001); reason != "done" {
			t.Errorf("the reason is %q, want done", reason)
		}
		p.Send(wire.OpText, true, "late")
		p.SendClose(4001, "")
		<-served
		if v := c.Closure(); !v.Clean {
			t.Errorf("the connection ended with %+v, want a clean end", v)
		}
	})
}

// The stream of a connection whose reads are closed can be written and closed, but not read.
func TestCloseReadByteStream(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		c.CloseRead()
		nc := c.ByteStream(Binary)
		_, err := nc.Read(make([]byte, 1))
		wantError(t, err, "read", ErrConcurrentRead)
		if err := nc.SetDeadline(time.Time{}); err != nil {
			t.Errorf("SetDeadline: %v", err)
		}
		written := start(func() error { _, err := nc.Write([]byte("bytes")); return err })
		p.Expect(wire.OpBinary, true, "bytes")
		if err := <-written; err != nil {
			t.Errorf("Write: %v", err)
		}
		closed := start(nc.Close)
		p.ExpectClose(StatusNormalClosure)
		p.SendClose(StatusNormalClosure, "")
		p.nc.Close()
		if err := <-closed; err != nil {
			t.Errorf("Close: %v", err)
		}
	})
}

// CloseRead works over every transport, and leaves no goroutine.
func TestCloseReadTransports(t *testing.T) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			ctx := bounded(t)
			client, server := connPair(t, kind, Limits{})
			server.CloseRead()
			client.CloseRead()
			if _, err := client.Ping(ctx); err != nil {
				t.Errorf("Ping: %v", err)
			}
			if err := client.Close(ctx, StatusGoingAway, ""); err != nil {
				t.Errorf("Close: %v", err)
			}
			<-server.Context().Done()
			var peer *CloseError
			if cause := context.Cause(server.Context()); !errors.As(cause, &peer) {
				t.Errorf("the server's connection ended with %v, want the client's close frame", cause)
			}

			client, server = connPair(t, kind, Limits{})
			server.CloseRead()
			if err := client.Write(ctx, Text, []byte("unexpected")); err != nil {
				t.Errorf("Write: %v", err)
			}
			_, _, err := client.Read(ctx)
			if !errors.As(err, &peer) || peer.Code != StatusPolicyViolation {
				t.Errorf("the client got %v, want 1008", err)
			}
		})
	}
}

// While CloseRead waits for the peer, the connection holds no buffer.
func TestCloseReadHoldsNothing(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	if !c.Transport().IsRaw() {
		t.Skip("reads on this system take a buffer before they wait")
	}
	most := held(c) + 256
	waits := make(chan uintptr, 1000)
	c.Transport().Rd.Idle = func() { // called by the goroutine that reads
		if c.Stats().ControlsRead > 0 {
			waits <- held(c)
		}
	}
	c.CloseRead()
	p.Send(wire.OpPing, true, "")
	p.Expect(wire.OpPong, true, "")
	if n := <-waits; n > most {
		t.Errorf("%d bytes are held, want at most %d", n, most)
	}
}
