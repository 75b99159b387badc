package websocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// newUndeadlinedPeer is newPeer over a transport without deadlines.
func newUndeadlinedPeer(t *testing.T, role wire.Role, limits Limits) (*Conn, *peer) {
	ours, theirs := net.Pipe()
	return newPeerOver(t, undeadlined{ours}, theirs, ConnOptions{Role: role, Limits: limits})
}

// nextData returns the payload of the next message, which must have one frame.
func (p *peer) nextData() []byte {
	p.t.Helper()
	for {
		switch h, payload, err := p.Next(); {
		case err != nil:
			p.t.Errorf("peer: %v", err)
			return nil
		case h.Opcode == wire.OpText || h.Opcode == wire.OpBinary:
			return payload
		}
	}
}

// wantAlive checks that the connection works in both directions.
func wantAlive(t *testing.T, c *Conn, p *peer) {
	t.Helper()
	got := startRead(context.Background(), c)
	written := start(func() error { return c.Write(context.Background(), Text, []byte("last")) })
	if got := string(p.nextData()); got != "last" {
		t.Errorf("the peer received %.60q, want %q", got, "last")
	}
	if err := <-written; err != nil {
		t.Errorf("Write: got %v, want nil", err)
	}
	p.Send(wire.OpText, true, "alive")
	if g := <-got; g.data != "alive" || g.err != nil {
		t.Errorf("Read: got %q, %v, want %q", g.data, g.err, "alive")
	}
}

// A context ends every call in time over a transport without deadlines. The connection stays open,
// and a message that was accepted arrives.
func TestContextWithoutDeadlines(t *testing.T) {
	for _, wait := range waits {
		if wait.ends {
			continue
		}
		t.Run(wait.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newUndeadlinedPeer(t, role, Limits{})
				ctx, cancel := context.WithTimeout(context.Background(), time.Second)
				defer cancel()
				r := <-timed(func() error { return wait.call(ctx, c) })
				if r.took != time.Second || !errors.Is(r.err, context.DeadlineExceeded) ||
					errors.Is(r.err, net.ErrClosed) {
					t.Errorf("got %v after %v, want the context's error after 1s", r.err, r.took)
				}
				var e *Error
				if !errors.As(r.err, &e) || e.Accepted != (wait.name == "write") && wait.name != "ping" {
					t.Errorf("got %+v, want Accepted for writes only", e)
				}
				if wait.name == "write" && len(p.nextData()) == 0 {
					t.Error("the peer received an empty message")
				}
				wantAlive(t, c, p)
			})
		})
	}
}

// A read that ends in the middle of a frame, or of a message, loses nothing.
func TestReadsResumeWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		want := pattern(100_000, 1)
		b := p.Frame(wire.OpBinary, true, string(want))
		sent := start(func() error {
			for ; len(b) > 0; b = b[min(len(b), 7_000):] {
				p.Write(b[:min(len(b), 7_000)])
				time.Sleep(time.Second)
			}
			return nil
		})
		cuts := 0
		for {
			ctx, cancel := context.WithTimeout(context.Background(), 400*time.Millisecond)
			_, got, err := c.Read(ctx)
			cancel()
			if err == nil {
				if !bytes.Equal(got, want) || cuts < 10 {
					t.Errorf("got %d bytes after %d cuts, want %d after 10 or more",
						len(got), cuts, len(want))
				}
				break
			}
			interrupted(t, err, context.DeadlineExceeded)
			cuts++
		}
		<-sent
	})
}

// A write to a peer that reads slowly does not time out, because Limits.WriteTimeout starts again
// with every chunk, including one that a context has cut.
func TestSlowPeerWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		want := pattern(10*pump.ChunkSize, 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Write(ctx, Binary, want); !IsAccepted(err) {
			t.Errorf("Write: got %v, want an accepted message", err)
		}
		next := start(func() error { return c.Write(context.Background(), Binary, want) })
		for range 2 {
			for n := pump.ChunkSize; n <= len(want); n += pump.ChunkSize {
				time.Sleep(DefaultWriteTimeout - time.Second)
				p.take(n)
			}
			if !bytes.Equal(p.nextData(), want) {
				t.Error("the peer received other bytes than were written")
			}
		}
		if err := <-next; err != nil {
			t.Errorf("Write: got %v, want nil", err)
		}
	})
}

// Limits.WriteTimeout applies to a chunk that is still being written after its Write was cut, even
// if there are no later writes.
func TestCutChunkIsBounded(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newUndeadlinedPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Write(ctx, Text, []byte("x")); !IsAccepted(err) {
			t.Errorf("Write: got %v, want an accepted message", err)
		}
		begun := time.Now()
		<-c.Context().Done()
		most := DefaultWriteTimeout + LingerTime + 2*probeTime
		if took := time.Since(begun); took < DefaultWriteTimeout || took > most {
			t.Errorf("the connection ended after %v, want %v to %v", took, DefaultWriteTimeout, most)
		}
		if v := c.Closure(); !errors.Is(v.Err, ErrPeerNotReading) {
			t.Errorf("got closure %+v, want %v", v, ErrPeerNotReading)
		}
		wantClosed(t, c)
	})
}

// A close frame that a context has cut counts as sent once the peer has read it, so that the closing
// handshake can be completed.
func TestCutCloseFrameWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		got := startRead(context.Background(), c)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		payload, _ := wire.AppendClose(nil, StatusGoingAway, "")
		if err := c.WriteControl(ctx, wire.OpClose, payload); !IsAccepted(err) {
			t.Errorf("WriteControl: got %v, want an accepted frame", err)
		}
		p.ExpectClose(StatusGoingAway)
		synctest.Wait()
		p.SendClose(StatusGoingAway, "")
		<-got
		if v := c.Closure(); !v.Clean {
			t.Errorf("got closure %+v, want a clean one", v)
		}
	})
}

// A close frame that the peer reads at the moment at which the context ends counts as sent.
func TestCloseFrameTakenAsContextEnds(t *testing.T) {
	for range 50 { // the order of the two events is random
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newUndeadlinedPeer(t, role, Limits{})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			payload, _ := wire.AppendClose(nil, StatusGoingAway, "")
			written := start(func() error { return c.WriteControl(ctx, wire.OpClose, payload) })
			time.Sleep(time.Second)
			p.ExpectClose(StatusGoingAway)
			if err := <-written; err != nil && !IsAccepted(err) {
				t.Errorf("WriteControl: got %v, want nil or an accepted frame", err)
			}
			synctest.Wait()
			if !c.CloseFrameSent() {
				t.Error("the close frame does not count as sent")
			}
		})
	}
}

// A slowlyWornOut transport fails every write a minute after it has begun.
type slowlyWornOut struct{ net.Conn }

func (slowlyWornOut) Write([]byte) (int, error) { time.Sleep(time.Minute); return 0, errWornOut }

// A chunk that a context has cut may fail before the next write, which returns the error.
func TestCutChunkHasFailed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, _ := newPipePeer(t, func(nc net.Conn) net.Conn { return undeadlined{slowlyWornOut{nc}} }, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if n, err := c.Transport().Write(ctx, -1, []byte("x"), nil); n != 1 || !transport.IsInterrupt(err) {
			t.Errorf("write: got %d, %v, want 1 and an interrupt", n, err)
		}
		time.Sleep(time.Minute)
		if n, err := c.Transport().Write(context.Background(), -1, nil, nil); n != 0 || err != errWornOut {
			t.Errorf("an empty write: got %d, %v, want 0, %v", n, err, errWornOut)
		}
	})
}

// TLS records are never cut over a transport without deadlines, so that a partly sent message is
// completed.
func TestCutTLSWithoutDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		server := tls.Server(undeadlined{ours}, pairTLS())
		client := tls.Client(theirs, &tls.Config{InsecureSkipVerify: true})
		done := start(server.Handshake)
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		c, p := newPeerOver(t, server, client, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		want := pattern(100_000, 1)
		cut := start(func() error { return c.Write(ctx, Binary, want) })
		p.take(50_000)
		if err := <-cut; !IsAccepted(err) {
			t.Errorf("Write: got %v, want an accepted message", err)
		}
		if !bytes.Equal(p.nextData(), want) {
			t.Error("the peer received other bytes than were written")
		}
		wantAlive(t, c, p)
		client.NetConn().Close()
	})
}

// readNow returns the bytes of a transport's read that outlived its call, even over a net.Pipe, which
// itself holds no bytes.
func TestReadNowWithoutDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newPipePeer(t, func(nc net.Conn) net.Conn { return pipedUndeadlined{undeadlined{nc}} }, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := c.Read(ctx)
		interrupted(t, err, context.DeadlineExceeded)
		p.Send(wire.OpText, true, "kept")
		c.Transport().Rd.Follow(context.Background())
		b, n, err := c.Transport().ReadNow()
		if err != nil || !bytes.HasSuffix(p.Frame(wire.OpText, true, "kept"), b.Bytes[:n]) {
			t.Errorf("got %d bytes, %v, want the end of the frame", n, err)
		}
		c.Transport().Rd.Bound(time.Time{})
	})
}

// A pipedUndeadlined transport has the address of a net.Pipe.
type pipedUndeadlined struct{ undeadlined }

func (p pipedUndeadlined) LocalAddr() net.Addr { return p.Conn.LocalAddr() }

// A deafToClose transport goes on reading and writing after Close.
type deafToClose struct{ net.Conn }

func (deafToClose) Close() error { return nil }

// The end of the connection ends calls over a transport without deadlines, even if the transport's
// Close does not end them.
func TestEndWithoutDeadlinesAndClose(t *testing.T) {
	for _, wait := range waits {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours, theirs := net.Pipe()
			c, _ := newPeerOver(t, undeadlined{deafToClose{ours}}, theirs, ConnOptions{Role: role})
			done := timed(func() error { return wait.call(context.Background(), c) })
			synctest.Wait()
			c.Abort(errAborted)
			if r := <-done; r.took > 0 || !errors.Is(r.err, errAborted) {
				t.Errorf("%s: got %v after %v, want %v at once", wait.name, r.err, r.took, errAborted)
			}
			ours.Close()
		})
	}
}
