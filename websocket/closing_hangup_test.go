package websocket_test

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// hangUps are the ways of ending a connection without waiting for the peer's close frame.
var hangUps = map[string]func(c *Conn){
	"CloseNow": func(c *Conn) { c.CloseNow() },
	"Abort":    func(c *Conn) { c.Abort(errAborted) },
	"Close with an ended context": func(c *Conn) {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		c.Close(ctx, StatusGoingAway, "")
	},
}

// expectSent reads the close frame of c, and waits until c knows that it is sent.
func expectSent(c *Conn, p *peer) {
	p.t.Helper()
	p.ExpectClose(StatusGoingAway)
	for !c.CloseFrameSent() {
		runtime.Gosched()
	}
}

// A close frame that is out is not lost if the connection is then ended without waiting for the
// peer's, although bytes of the peer are unread: after the frame the peer sees the end of the
// stream, not a reset.
func TestHangUpKeepsCloseFrame(t *testing.T) {
	for _, kind := range []string{"tcp", "unix", "tls", "wrapped", "undeadlined"} {
		for name, hangUp := range hangUps {
			t.Run(kind+"/"+name, func(t *testing.T) {
				checkLeaks(t)
				c, p := newPeerWith(t, kind, wire.Server)
				if kind == "tls" {
					finishTLS(t, c, p)
				}
				if !c.ReadTurn().TryLock() { // so that no goroutine reads
					t.Fatal("the turn to read is taken")
				}
				p.Send(wire.OpBinary, true, string(pattern(10<<10, 1)))
				closed := start(func() error { return c.Close(bounded(t), StatusGoingAway, "") })
				expectSent(c, p)
				hangUp(c)
				if c.Context().Err() == nil {
					t.Error("the connection has not ended")
				}
				if err := <-closed; err == nil {
					t.Error("Close succeeded without the peer's close frame")
				}
				c.ReadTurn().Unlock()
				p.ExpectEOF()
				p.nc.Close()
				wantClosed(t, c)
			})
		}
	}
}

// A read in progress returns at once when the connection is ended, although the transport stays
// open for a while. A peer that keeps its side open delays only the transport, by a second.
func TestHangUpEndsRead(t *testing.T) {
	for _, kind := range []string{"duplex", "tls", "undeadlined"} {
		for name, hangUp := range hangUps {
			t.Run(kind+"/"+name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					ours, theirs := bubblePair(t, kind)
					c, p := newPeerOver(t, ours, theirs, ConnOptions{})
					read := timed(func() error { _, _, err := c.Read(context.Background()); return err })
					closed := timed(func() error {
						return c.Close(context.Background(), StatusGoingAway, "")
					})
					expectSent(c, p)
					begun := time.Now()
					hangUp(c)
					r := <-read
					cause := context.Cause(c.Context())
					if r.took > grace || !errors.Is(r.err, cause.(*Error).Err) {
						t.Errorf("Read: got %v after %v, want %v", r.err, r.took, cause)
					}
					if r := <-closed; r.err == nil || r.took > grace {
						t.Errorf("Close: got %v after %v, want an error at once", r.err, r.took)
					}
					if took := tornDown(c).Sub(begun); took > LingerTime+grace {
						t.Errorf("the teardown took %v, want at most %v", took, LingerTime+grace)
					}
					wantClosed(t, c)
				})
			})
		}
	}
}

// The transport is closed after a second even if the reader is in a function of the program.
func TestHangUpInOnControl(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newDuplexPeer(t, wire.Server, Limits{})
		goOn := make(chan struct{})
		c.OnControl(func(op wire.Opcode, _ []byte) bool { <-goOn; return op == wire.OpPing })
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		expectSent(c, p)
		p.Send(wire.OpPing, true, "")
		synctest.Wait()
		begun := time.Now()
		c.CloseNow()
		p.ExpectEOF()
		if took := time.Since(begun); took != LingerTime {
			t.Errorf("the transport was closed after %v, want %v", took, LingerTime)
		}
		close(goOn)
		<-closed
		wantClosed(t, c)
	})
}

// A peer whose close frame arrives while the connection is ended gets no reset either.
func TestHangUpMeetsPeersClose(t *testing.T) {
	for range 20 { // the order of the two is random
		for name, hangUp := range hangUps {
			checkLeaks(t)
			c, p := newPeerWith(t, "tcp", wire.Server)
			read := startRead(bounded(t), c)
			closed := start(func() error { return c.Close(bounded(t), StatusGoingAway, "") })
			expectSent(c, p)
			p.SendClose(StatusGoingAway, "")
			hangUp(c)
			p.ExpectEOF()
			p.nc.Close()
			if g := <-read; g.err == nil {
				t.Errorf("%s: Read succeeded", name)
			}
			<-closed
			wantClosed(t, c)
		}
	}
}

// If no close frame is out, the transport is closed at once.
func TestHangUpWithoutCloseFrame(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newDuplexPeer(t, role, Limits{})
		c.CloseNow()
		if !c.Transport().IsClosed() {
			t.Error("the transport is open")
		}
		p.ExpectEOF()
		wantClosed(t, c)
	})
}

// The transport is drained even if the teardown waits for the turn to write when the connection is
// ended.
func TestHangUpDuringTeardown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		c, p := newDuplexPeer(t, wire.Server, Limits{})
		read := startRead(context.Background(), c)
		closed := start(func() error { return c.Close(context.Background(), StatusGoingAway, "") })
		expectSent(c, p)
		synctest.Wait()
		if !c.FrameTurn().TryLock() {
			t.Fatal("the turn to write is taken")
		}
		p.SendClose(StatusGoingAway, "")
		synctest.Wait()
		c.CloseNow()
		synctest.Wait()
		p.Send(wire.OpPing, true, "drained") // fails if the transport is closed
		c.FrameTurn().Unlock()
		p.ExpectEOF()
		p.nc.Close()
		<-closed
		if g := <-read; g.err == nil {
			t.Error("Read succeeded")
		}
		wantClosed(t, c)
	})
}
