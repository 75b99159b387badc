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

// newWornPeer is newPeer over a transport that takes the given number of writes and
// fails the next.
func newWornPeer(t *testing.T, role wire.Role, limits Limits, writes int) (*Conn, *peer) {
	t.Helper()
	ours, theirs := net.Pipe()
	return newPeerOver(t, &wornOut{ours, writes}, theirs, ConnOptions{Role: role, Limits: limits})
}

// failWrite makes a write of c fail, which it says at once.
func failWrite(t *testing.T, c *Conn) {
	t.Helper()
	r := <-timed(func() error { return c.Write(context.Background(), Text, []byte("not sent")) })
	if e := wantError(t, r.err, "write", errWornOut); r.took != 0 || e.Accepted || !errors.Is(e, net.ErrClosed) {
		t.Fatalf("%+v after %v", e, r.took)
	}
}

// wantPeersClose checks that everything agrees on the peer's close frame.
func wantPeersClose(t *testing.T, c *Conn, want CloseFrame) {
	t.Helper()
	peer := CloseError(want)
	for _, call := range []struct {
		name string
		do   func() error
	}{
		{"Read", func() error { _, _, err := c.Read(context.Background()); return err }},
		{"Write", func() error { return c.Write(context.Background(), Text, nil) }},
		{"Ping", func() error { _, err := c.Ping(context.Background()); return err }},
		{"Close", func() error { return c.Close(context.Background(), StatusNormalClosure, "") }},
	} {
		err := call.do()
		var e *CloseError
		if !errors.As(err, &e) || *e != peer || !errors.Is(err, net.ErrClosed) || CloseStatus(err) != want.Code {
			t.Errorf("%s: %v", call.name, err)
		}
	}
	v := c.Closure()
	if e, ok := v.Err.(*CloseError); !ok || *e != peer || v.Received != want || !v.ByPeer || v.Err != context.Cause(c.Context()) {
		t.Errorf("Closure: %+v", v)
	}
	yielded := false
	for _, err := range c.Messages(context.Background()) {
		yielded = true
		if !errors.Is(err, v.Err) {
			t.Errorf("Messages: %v", err)
		}
	}
	if yielded == closedWell(&peer) {
		t.Errorf("Messages yielded an error: %v", yielded)
	}
}

// Somebody reads while a write fails: what the peer still sends is read, to its close
// frame.
func TestReadOnAfterFailedWrite(t *testing.T) {
	for _, style := range readStyles {
		t.Run(style.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				read := style.make(c)
				next := start(func() received { return read(context.Background()) })
				synctest.Wait()
				failWrite(t, c)
				for range 3 {
					time.Sleep(lingerTime / 4)
					p.send(wire.OpPing, true, "not answered")
					p.send(wire.OpText, false, "mess")
					p.send(wire.OpContinuation, true, "age")
					if g := <-next; g.err != nil || g.data != "message" {
						t.Fatalf("%q, %v", g.data, g.err)
					}
					next = start(func() received { return read(context.Background()) })
				}
				p.sendClose(4001, "why")
				var e *CloseError
				if g := <-next; !errors.As(g.err, &e) || *e != (CloseError{4001, "why"}) {
					t.Errorf("%q, %v", g.data, g.err)
				}
				wantPeersClose(t, c, CloseFrame{4001, "why"})
				wantClosed(t, c)
			})
		})
	}
}

// Nobody reads while a write fails. The Conn reads on itself, and what it reads is
// there for a reader who comes in time, or after the end.
func TestReadAheadAfterFailedWrite(t *testing.T) {
	for _, style := range readStyles {
		for _, late := range []time.Duration{0, lingerTime / 2, lingerTime, time.Hour} {
			t.Run(style.name+"/"+late.String(), func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newWornPeer(t, role, Limits{}, 0)
					failWrite(t, c)
					p.send(wire.OpText, true, "one")
					p.send(wire.OpPing, true, "not answered")
					p.send(wire.OpBinary, false, "t")
					p.send(wire.OpContinuation, true, "wo")
					p.sendClose(StatusServiceRestart, "")
					p.nc.Close()
					time.Sleep(late)
					synctest.Wait()
					// A context that ends with the connection does not hide what is left.
					derived, cancel := context.WithCancel(c.Context())
					defer cancel()
					read := style.make(c)
					for i, want := range []string{"one", "two"} {
						ctx := []context.Context{c.Context(), derived}[i]
						if g := read(ctx); g.err != nil || g.data != want {
							t.Fatalf("%q, %v; want %s", g.data, g.err, want)
						}
					}
					wantPeersClose(t, c, CloseFrame{StatusServiceRestart, ""})
					wantClosed(t, c)
				})
			})
		}
	}
}

// With nobody to read, a connection whose writing has failed ends: at once when the
// peer has no more to say, after lingerTime if it keeps silent, and after that time
// with a bounded buffer if it sends without end.
func TestUnreadAfterFailedWrite(t *testing.T) {
	text := func(p *peer, n int) { p.nc.Write(p.frame(wire.OpBinary, true, make([]byte, n))) }
	for _, row := range []struct {
		name string
		peer func(p *peer)
		want time.Duration
		err  error
	}{
		{"close frame", func(p *peer) { p.sendClose(4001, "") }, 0, &CloseError{Code: 4001}},
		{"close frame and end", func(p *peer) { p.sendClose(4001, ""); p.nc.Close() }, 0, &CloseError{Code: 4001}},
		{"pings and end", func(p *peer) { p.send(wire.OpPing, true, ""); p.nc.Close() }, 0, io.ErrUnexpectedEOF},
		{"message and end", func(p *peer) { text(p, 5); p.nc.Close() }, lingerTime, io.ErrUnexpectedEOF},
		{"breach", func(p *peer) { p.write(p.rawFrame(0x83, 1, 0, "", false)) }, 0, wire.ErrReservedOpcode},
		{"message and close frame", func(p *peer) { text(p, 5); p.sendClose(4001, "") }, lingerTime, &CloseError{Code: 4001}},
		{"silence", func(*peer) {}, lingerTime, errWornOut},
		{"half a frame", func(p *peer) { p.write(p.frame(wire.OpText, true, []byte("text"))[:3]) }, lingerTime, errWornOut},
		{"a byte now and then", func(p *peer) {
			for range 100 {
				p.nc.Write(p.frame(wire.OpText, true, nil))
				time.Sleep(lingerTime / 10)
			}
		}, lingerTime, errWornOut},
		{"flood", func(p *peer) {
			for range 100 {
				text(p, 100<<10)
			}
		}, lingerTime, errWornOut},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				begun := time.Now()
				failWrite(t, c)
				sent := start(func() bool { row.peer(p); return true })
				<-c.Context().Done()
				if took := time.Since(begun); took != row.want {
					t.Errorf("ended after %v, want %v", took, row.want)
				}
				cause := context.Cause(c.Context())
				var peer, want *CloseError
				if errors.As(row.err, &want) {
					if !errors.As(cause, &peer) || *peer != *want {
						t.Errorf("cause: %v", cause)
					}
				} else if !errors.Is(cause, row.err) {
					t.Errorf("cause: %v", cause)
				}
				synctest.Wait()
				if n := len(c.in.unread); n > maxAhead+blockSize {
					t.Errorf("%d bytes are kept", n)
				}
				c.CloseNow()
				<-sent
				wantClosed(t, c)
			})
		})
	}
}

// Whoever goes on reading after a failed write gets more than is kept for a reader who
// does not, however slow: waits alone are counted.
func TestSlowReaderAfterFailedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		failWrite(t, c)
		const messages, size = 10, 512 << 10
		go func() {
			for range messages {
				p.write(p.frame(wire.OpBinary, true, make([]byte, size)))
			}
			p.sendClose(4001, "")
		}()
		for range messages {
			time.Sleep(lingerTime * 3 / 4)
			if g := <-startRead(context.Background(), c); g.err != nil || len(g.data) != size {
				t.Fatalf("%d bytes, %v", len(g.data), g.err)
			}
		}
		var e *CloseError
		if g := <-startRead(context.Background(), c); !errors.As(g.err, &e) || e.Code != 4001 {
			t.Errorf("%q, %v", g.data, g.err)
		}
		wantClosed(t, c)
	})
}

// A peer that sends for ever, to a reader that goes on for ever, is cut off all the
// same: by time if it is slow, by what it sends if it is not.
func TestReadOnIsBounded(t *testing.T) {
	for _, size := range []int{1, 64 << 10} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			sent := start(func() error {
				for {
					if _, err := p.nc.Write(p.frame(wire.OpBinary, true, make([]byte, size))); err != nil {
						return err
					}
					if size == 1 {
						time.Sleep(lingerTime / 10)
					}
				}
			})
			begun, total := time.Now(), 0
			for {
				g := <-startRead(context.Background(), c)
				if total += len(g.data); g.err != nil {
					wantError(t, g.err, "read", errWornOut)
					break
				}
			}
			if took := time.Since(begun); took > lingerTime || total > maxLast+blockSize {
				t.Errorf("%d bytes in %v", total, took)
			}
			<-sent
			wantClosed(t, c)
		})
	}
}

// A read whose own context ends after a failed write returns that context's error, and
// loses nothing.
func TestCancelledReadAfterFailedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		synctest.Wait()
		failWrite(t, c)
		p.send(wire.OpText, false, "one ")
		synctest.Wait()
		cancel()
		interrupted(t, (<-read).err, context.Canceled)
		p.send(wire.OpContinuation, true, "message")
		p.sendClose(4001, "")
		if g := <-startRead(context.Background(), c); g.err != nil || g.data != "one message" {
			t.Errorf("%q, %v", g.data, g.err)
		}
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// What an extension has to decode can be read after the end too.
func TestCompressedAfterFailedWrite(t *testing.T) {
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours, theirs := newRuns(t), newRuns(t)
			a, b := net.Pipe()
			c, p := newPeerOver(t, &wornOut{a, 0}, b, ConnOptions{Role: role, Session: ours, Limits: Limits{}})
			failWrite(t, c)
			long := strings.Repeat("a", 3*blockSize)
			for _, s := range []string{long, "b"} {
				p.write(p.extFrame(wire.OpBinary, true, theirs.encode(s)))
			}
			p.sendClose(4001, "")
			p.nc.Close()
			time.Sleep(late)
			for _, want := range []string{long, "b"} {
				if g := <-startRead(context.Background(), c); g.err != nil || g.data != want {
					t.Fatalf("%d bytes, %v", len(g.data), g.err)
				}
			}
			wantPeersClose(t, c, CloseFrame{4001, ""})
			wantClosed(t, c)
			ours.wantClosed()
		})
	}
}

// Close and CloseNow after a failed write wait for nobody to read. What is left is
// dropped.
func TestCloseAfterFailedWrite(t *testing.T) {
	for _, now := range []bool{false, true} {
		for _, late := range []time.Duration{0, time.Hour} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				failWrite(t, c)
				p.send(wire.OpText, true, "unread")
				p.sendClose(4001, "")
				time.Sleep(late)
				synctest.Wait()
				begun := time.Now()
				var peer *CloseError
				if now {
					c.CloseNow()
				} else if err := c.Close(context.Background(), StatusNormalClosure, ""); !errors.As(err, &peer) || peer.Code != 4001 {
					t.Errorf("Close: %v", err)
				}
				if took := time.Since(begun); took > lingerTime || now && took > 0 {
					t.Errorf("it took %v", took)
				}
				wantPeersClose(t, c, CloseFrame{4001, ""})
				synctest.Wait() // readAhead may be about to give its turn back
				wantClosed(t, c)
			})
		}
	}
}
