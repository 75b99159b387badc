package websocket

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/wire"
)

// newUndeadlinedPeer is newPeer over a transport without deadlines.
func newUndeadlinedPeer(t *testing.T, role wire.Role, limits Limits) (*Conn, *peer) {
	ours, theirs := net.Pipe()
	return newPeerOver(t, undeadlined{ours}, theirs, ConnOptions{Role: role, Limits: limits})
}

// nextData returns the payload of the next message, which has one frame.
func (p *peer) nextData() []byte {
	p.t.Helper()
	for {
		switch h, payload, err := p.next(); {
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
		t.Errorf("the peer got %.60q", got)
	}
	if err := <-written; err != nil {
		t.Errorf("Write: %v", err)
	}
	p.send(wire.OpText, true, "alive")
	if g := <-got; g.data != "alive" || g.err != nil {
		t.Errorf("Read: %q, %v", g.data, g.err)
	}
}

// A context ends every call in time over a transport without deadlines. The connection
// goes on, and a message that was accepted arrives.
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
				if r.took != time.Second || !errors.Is(r.err, context.DeadlineExceeded) || errors.Is(r.err, net.ErrClosed) {
					t.Errorf("it returned after %v: %v", r.took, r.err)
				}
				var e *Error
				if !errors.As(r.err, &e) || e.Accepted != (wait.name == "write") && wait.name != "ping" {
					t.Errorf("%+v", e)
				}
				if wait.name == "write" && len(p.nextData()) == 0 {
					t.Error("an empty message has arrived")
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
		b := p.frame(wire.OpBinary, true, want)
		sent := start(func() error {
			for ; len(b) > 0; b = b[min(len(b), 7_000):] {
				p.write(b[:min(len(b), 7_000)])
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
					t.Errorf("%d bytes after %d cuts", len(got), cuts)
				}
				break
			}
			interrupted(t, err, context.DeadlineExceeded)
			cuts++
		}
		<-sent
	})
}

// A peer that reads slowly is reading: each chunk has the whole of Limits.WriteTimeout,
// the one that a context has cut, too.
func TestSlowPeerWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		want := pattern(10*pump.ChunkSize, 1)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Write(ctx, Binary, want); !isAccepted(err) {
			t.Errorf("Write: %v", err)
		}
		next := start(func() error { return c.Write(context.Background(), Binary, want) })
		for range 2 {
			for n := 0; n < len(want); n += pump.ChunkSize {
				time.Sleep(DefaultWriteTimeout - time.Second)
				b := make([]byte, pump.ChunkSize)
				io.ReadFull(p.nc, b)
				p.got = append(p.got, b...)
			}
			if !bytes.Equal(p.nextData(), want) {
				t.Error("other bytes have arrived")
			}
		}
		if err := <-next; err != nil {
			t.Errorf("Write: %v", err)
		}
	})
}

// What a cut write has left under way is bounded by Limits.WriteTimeout, although nobody
// writes any more.
func TestCutChunkIsBounded(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newUndeadlinedPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if err := c.Write(ctx, Text, []byte("x")); !isAccepted(err) {
			t.Errorf("Write: %v", err)
		}
		begun := time.Now()
		<-c.Context().Done()
		if took := time.Since(begun); took < DefaultWriteTimeout || took > DefaultWriteTimeout+lingerTime+2*probeTime {
			t.Errorf("it ended after %v", took)
		}
		if v := c.Closure(); !errors.Is(v.Err, ErrPeerNotReading) {
			t.Errorf("%+v", v)
		}
		wantClosed(t, c)
	})
}

// A close frame that a context has cut is out once the peer has taken it: the handshake
// can be completed then.
func TestCutCloseFrameWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		got := startRead(context.Background(), c)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		payload, _ := wire.AppendClose(nil, StatusGoingAway, "")
		if err := c.WriteControl(ctx, wire.OpClose, payload); !isAccepted(err) {
			t.Errorf("WriteControl: %v", err)
		}
		p.expectClose(StatusGoingAway)
		synctest.Wait()
		p.sendClose(StatusGoingAway, "")
		<-got
		if v := c.Closure(); !v.Clean {
			t.Errorf("%+v", v)
		}
	})
}

// The peer takes the close frame in the moment in which the context ends.
func TestCloseFrameTakenAsContextEnds(t *testing.T) {
	for range 50 { // the order of the two is random
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newUndeadlinedPeer(t, role, Limits{})
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			payload, _ := wire.AppendClose(nil, StatusGoingAway, "")
			written := start(func() error { return c.WriteControl(ctx, wire.OpClose, payload) })
			time.Sleep(time.Second)
			p.expectClose(StatusGoingAway)
			if err := <-written; err != nil && !isAccepted(err) {
				t.Errorf("WriteControl: %v", err)
			}
			synctest.Wait()
			if !c.closing.out.Load() {
				t.Error("the close frame does not count as out")
			}
		})
	}
}

// A slowlyWornOut transport fails a write a minute after it has begun.
type slowlyWornOut struct{ net.Conn }

func (slowlyWornOut) Write([]byte) (int, error) { time.Sleep(time.Minute); return 0, errWornOut }

// A chunk that a context has cut may fail before anybody looks at it again.
func TestCutChunkHasFailed(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c, _ := newPeerOver(t, undeadlined{slowlyWornOut{ours}}, theirs, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if n, err := c.tr.write(ctx, -1, []byte("x"), nil); n != 1 || !isInterrupt(err) {
			t.Errorf("write: %d, %v", n, err)
		}
		time.Sleep(time.Minute)
		if n, err := c.tr.write(context.Background(), -1, nil, nil); n != 0 || err != errWornOut {
			t.Errorf("a write of nothing: %d, %v", n, err)
		}
	})
}

// A record of TLS is never cut over a transport without deadlines: a message of which a
// part is out goes on.
func TestCutTLSWithoutDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		server, client := tls.Server(undeadlined{ours}, pairTLS()), tls.Client(theirs, &tls.Config{InsecureSkipVerify: true})
		done := start(server.Handshake)
		if err := errors.Join(client.Handshake(), <-done); err != nil {
			t.Fatal(err)
		}
		c, p := newPeerOver(t, server, client, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		want := pattern(100_000, 1)
		cut := start(func() error { return c.Write(ctx, Binary, want) })
		p.got = make([]byte, 50_000)
		if _, err := io.ReadFull(p.nc, p.got); err != nil {
			t.Fatal(err)
		}
		if err := <-cut; !isAccepted(err) {
			t.Errorf("Write: %v", err)
		}
		if !bytes.Equal(p.nextData(), want) {
			t.Error("other bytes have arrived")
		}
		wantAlive(t, c, p)
		client.NetConn().Close()
	})
}

// A read of the transport that was left by a call holds bytes that readNow must see,
// although a net.Pipe holds none.
func TestReadNowWithoutDeadlines(t *testing.T) {
	bubble(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		c, p := newPeerOver(t, pipedUndeadlined{undeadlined{ours}}, theirs, ConnOptions{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, _, err := c.Read(ctx)
		interrupted(t, err, context.DeadlineExceeded)
		p.send(wire.OpText, true, "kept")
		c.tr.rd.follow(context.Background())
		b, n, err := c.tr.readNow()
		if err != nil || !bytes.HasSuffix(p.frame(wire.OpText, true, []byte("kept")), b[:n]) {
			t.Errorf("%d bytes, %v", n, err)
		}
		c.tr.rd.bound(time.Time{})
	})
}

// A pipedUndeadlined transport tells that it is a net.Pipe.
type pipedUndeadlined struct{ undeadlined }

func (p pipedUndeadlined) LocalAddr() net.Addr { return p.Conn.LocalAddr() }

// A deafToClose transport goes on reading and writing after Close.
type deafToClose struct{ net.Conn }

func (deafToClose) Close() error { return nil }

// The end of the connection ends calls over a transport without deadlines whose Close
// does not.
func TestEndWithoutDeadlinesAndClose(t *testing.T) {
	for _, wait := range waits {
		eachRole(t, func(t *testing.T, role wire.Role) {
			ours, theirs := net.Pipe()
			c, _ := newPeerOver(t, undeadlined{deafToClose{ours}}, theirs, ConnOptions{Role: role})
			done := timed(func() error { return wait.call(context.Background(), c) })
			synctest.Wait()
			c.Abort(errAborted)
			if r := <-done; r.took > 0 || !errors.Is(r.err, errAborted) {
				t.Errorf("%s: %v after %v", wait.name, r.err, r.took)
			}
			ours.Close()
		})
	}
}
