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

// newWornPeer is newPeer over a transport that takes the given number of writes and fails the next
// one.
func newWornPeer(t *testing.T, role wire.Role, limits Limits, writes int) (*Conn, *peer) {
	t.Helper()
	return newPipePeer(t, worn(writes), ConnOptions{Role: role, Limits: limits})
}

// failWrite makes a write of c fail and checks that the write returns at once.
func failWrite(t *testing.T, c *Conn) {
	t.Helper()
	r := <-timed(func() error { return c.Write(context.Background(), Text, []byte("not sent")) })
	e := wantError(t, r.err, "write", errWornOut)
	if r.took != 0 || e.Accepted || !errors.Is(e, net.ErrClosed) {
		t.Fatalf("got %+v after %v, want net.ErrClosed at once", e, r.took)
	}
}

// wantPeersClose checks that all calls and the Closure report the peer's close frame.
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
		if !errors.As(err, &e) || *e != peer || !errors.Is(err, net.ErrClosed) ||
			CloseStatus(err) != want.Code {
			t.Errorf("%s: got %v, want the peer's %v", call.name, err, want)
		}
	}
	v := c.Closure()
	e, ok := v.Err.(*CloseError)
	if !ok || *e != peer || v.Received != want || !v.ByPeer || v.Err != context.Cause(c.Context()) {
		t.Errorf("Closure: got %+v, want the peer's %v", v, want)
	}
	yielded := false
	for _, err := range c.Messages(context.Background()) {
		yielded = true
		if !errors.Is(err, v.Err) {
			t.Errorf("Messages: got %v, want %v", err, v.Err)
		}
	}
	if yielded == ClosedWell(&peer) {
		t.Errorf("Messages yielded an error: got %v, want %v", yielded, !yielded)
	}
}

// A reader whose Conn fails to write still gets the peer's messages, up to its close frame.
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
					time.Sleep(LingerTime / 4)
					p.Send(wire.OpPing, true, "not answered")
					p.Send(wire.OpText, false, "mess")
					p.Send(wire.OpContinuation, true, "age")
					if g := <-next; g.err != nil || g.data != "message" {
						t.Fatalf("got %q, %v, want %q", g.data, g.err, "message")
					}
					next = start(func() received { return read(context.Background()) })
				}
				p.SendClose(4001, "why")
				var e *CloseError
				if g := <-next; !errors.As(g.err, &e) || *e != (CloseError{4001, "why"}) {
					t.Errorf("got %q, %v, want close code 4001", g.data, g.err)
				}
				wantPeersClose(t, c, CloseFrame{4001, "why"})
				wantClosed(t, c)
			})
		})
	}
}

// If no call reads when a write fails, the Conn reads ahead. It keeps the messages for a reader that
// starts before or after the end of the connection.
func TestReadAheadAfterFailedWrite(t *testing.T) {
	for _, style := range readStyles {
		for _, late := range []time.Duration{0, LingerTime / 2, LingerTime, time.Hour} {
			t.Run(style.name+"/"+late.String(), func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					c, p := newWornPeer(t, role, Limits{}, 0)
					failWrite(t, c)
					p.Send(wire.OpText, true, "one")
					p.Send(wire.OpPing, true, "not answered")
					p.Send(wire.OpBinary, false, "t")
					p.Send(wire.OpContinuation, true, "wo")
					p.SendClose(StatusServiceRestart, "")
					p.nc.Close()
					time.Sleep(late)
					synctest.Wait()
					// A context that ends with the connection does not hide the messages that are left.
					derived, cancel := context.WithCancel(c.Context())
					defer cancel()
					read := style.make(c)
					for i, want := range []string{"one", "two"} {
						ctx := []context.Context{c.Context(), derived}[i]
						if g := read(ctx); g.err != nil || g.data != want {
							t.Fatalf("got %q, %v, want %q", g.data, g.err, want)
						}
					}
					wantPeersClose(t, c, CloseFrame{StatusServiceRestart, ""})
					wantClosed(t, c)
				})
			})
		}
	}
}

// sendBinary sends a message of n bytes for as long as the Conn reads.
func sendBinary(p *peer, n int) { p.nc.Write(p.Frame(wire.OpBinary, true, string(make([]byte, n)))) }

// unreadEnds are the ends of connections whose writing has failed and that no call reads.
var unreadEnds = []struct {
	name string
	peer func(p *peer)
	want time.Duration
	err  error
}{
	{"close frame", func(p *peer) { p.SendClose(4001, "") }, 0, &CloseError{Code: 4001}},
	{"close frame and end", func(p *peer) {
		p.SendClose(4001, "")
		p.nc.Close()
	}, 0, &CloseError{Code: 4001}},
	{"pings and end", func(p *peer) {
		p.Send(wire.OpPing, true, "")
		p.nc.Close()
	}, 0, io.ErrUnexpectedEOF},
	{"message and end", func(p *peer) { sendBinary(p, 5); p.nc.Close() }, LingerTime, io.ErrUnexpectedEOF},
	{"violation", func(p *peer) {
		p.Write(p.rawFrame(0x83, 1, 0, "", false))
	}, 0, wire.ErrReservedOpcode},
	{"message and close frame", func(p *peer) {
		sendBinary(p, 5)
		p.SendClose(4001, "")
	}, LingerTime, &CloseError{Code: 4001}},
	{"silence", func(*peer) {}, LingerTime, errWornOut},
	{"half a frame", func(p *peer) {
		p.Write(p.Frame(wire.OpText, true, "text")[:3])
	}, LingerTime, errWornOut},
	{"a byte now and then", func(p *peer) {
		for range 100 {
			p.nc.Write(p.Frame(wire.OpText, true, ""))
			time.Sleep(LingerTime / 10)
		}
	}, LingerTime, errWornOut},
	{"flood", func(p *peer) {
		for range 100 {
			sendBinary(p, 100<<10)
		}
	}, LingerTime, errWornOut},
}

// If no call reads after a failed write, the connection ends at once when the peer has sent
// everything, and after LingerTime if the peer is silent. If the peer sends endlessly, the connection
// also ends after LingerTime, and the buffer is bounded.
func TestUnreadAfterFailedWrite(t *testing.T) {
	for _, row := range unreadEnds {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				begun := time.Now()
				failWrite(t, c)
				sent := start(func() bool { row.peer(p); return true })
				<-c.Context().Done()
				if took := time.Since(begun); took != row.want {
					t.Errorf("the connection ended after %v, want %v", took, row.want)
				}
				cause := context.Cause(c.Context())
				var peer, want *CloseError
				if errors.As(row.err, &want) {
					if !errors.As(cause, &peer) || *peer != *want {
						t.Errorf("got cause %v, want %v", cause, row.err)
					}
				} else if !errors.Is(cause, row.err) {
					t.Errorf("got cause %v, want %v", cause, row.err)
				}
				synctest.Wait()
				if n := len(c.Unread()); n > MaxAhead+blockSize {
					t.Errorf("the Conn keeps %d bytes, want at most %d", n, MaxAhead+blockSize)
				}
				c.CloseNow()
				<-sent
				wantClosed(t, c)
			})
		})
	}
}

// A reader that continues after a failed write, however slowly, can get more bytes than the Conn
// would keep, because only the time spent waiting counts.
func TestSlowReaderAfterFailedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		failWrite(t, c)
		const messages, size = 10, 512 << 10
		go func() {
			for range messages {
				p.Write(p.Frame(wire.OpBinary, true, string(make([]byte, size))))
			}
			p.SendClose(4001, "")
		}()
		for range messages {
			time.Sleep(LingerTime * 3 / 4)
			if g := <-startRead(context.Background(), c); g.err != nil || len(g.data) != size {
				t.Fatalf("got %d bytes, %v, want %d", len(g.data), g.err, size)
			}
		}
		var e *CloseError
		if g := <-startRead(context.Background(), c); !errors.As(g.err, &e) || e.Code != 4001 {
			t.Errorf("got %q, %v, want close code 4001", g.data, g.err)
		}
		wantClosed(t, c)
	})
}

// A peer that sends endlessly to a reader that keeps reading is cut off after a time limit if it is
// slow, and after a number of bytes otherwise.
func TestReadOnIsBounded(t *testing.T) {
	for _, size := range []int{1, 64 << 10} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newWornPeer(t, role, Limits{}, 0)
			failWrite(t, c)
			sent := start(func() error {
				for {
					if _, err := p.nc.Write(p.Frame(wire.OpBinary, true, string(make([]byte, size)))); err != nil {
						return err
					}
					if size == 1 {
						time.Sleep(LingerTime / 10)
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
			if took := time.Since(begun); took > LingerTime || total > MaxLast+blockSize {
				t.Errorf("read %d bytes in %v, want at most %d in %v",
					total, took, MaxLast+blockSize, LingerTime)
			}
			<-sent
			wantClosed(t, c)
		})
	}
}

// A read whose context ends after a failed write returns the context's error and loses no bytes.
func TestCancelledReadAfterFailedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{}, 0)
		ctx, cancel := context.WithCancel(context.Background())
		read := startRead(ctx, c)
		synctest.Wait()
		failWrite(t, c)
		p.Send(wire.OpText, false, "one ")
		synctest.Wait()
		cancel()
		interrupted(t, (<-read).err, context.Canceled)
		p.Send(wire.OpContinuation, true, "message")
		p.SendClose(4001, "")
		if g := <-startRead(context.Background(), c); g.err != nil || g.data != "one message" {
			t.Errorf("got %q, %v, want %q", g.data, g.err, "one message")
		}
		wantPeersClose(t, c, CloseFrame{4001, ""})
	})
}

// Messages that an extension has to decode can be read after the end too.
func TestCompressedAfterFailedWrite(t *testing.T) {
	for _, late := range []time.Duration{0, time.Hour} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours, theirs := newRuns(t), newRuns(t)
			a, b := net.Pipe()
			c, p := newPeerOver(t, &wornOut{a, 0}, b, ConnOptions{Role: role, Session: ours})
			failWrite(t, c)
			long := strings.Repeat("a", 3*blockSize)
			for _, s := range []string{long, "b"} {
				p.Write(p.extFrame(wire.OpBinary, true, theirs.encode(s)))
			}
			p.SendClose(4001, "")
			p.nc.Close()
			time.Sleep(late)
			for _, want := range []string{long, "b"} {
				if g := <-startRead(context.Background(), c); g.err != nil || g.data != want {
					t.Fatalf("got %d bytes, %v, want %d", len(g.data), g.err, len(want))
				}
			}
			wantPeersClose(t, c, CloseFrame{4001, ""})
			wantClosed(t, c)
			ours.wantClosed()
		})
	}
}

// Close and CloseNow after a failed write do not wait for a reader. They drop the messages that are
// left.
func TestCloseAfterFailedWrite(t *testing.T) {
	for _, now := range []bool{false, true} {
		for _, late := range []time.Duration{0, time.Hour} {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newWornPeer(t, role, Limits{}, 0)
				failWrite(t, c)
				p.Send(wire.OpText, true, "unread")
				p.SendClose(4001, "")
				time.Sleep(late)
				synctest.Wait()
				begun := time.Now()
				var peer *CloseError
				if now {
					c.CloseNow()
				} else {
					err := c.Close(context.Background(), StatusNormalClosure, "")
					if !errors.As(err, &peer) || peer.Code != 4001 {
						t.Errorf("Close: got %v, want close code 4001", err)
					}
				}
				if took := time.Since(begun); took > LingerTime || now && took > 0 {
					t.Errorf("the call took %v, want at most %v", took, LingerTime)
				}
				wantPeersClose(t, c, CloseFrame{4001, ""})
				synctest.Wait() // until readAhead has given its turn back
				wantClosed(t, c)
			})
		}
	}
}
