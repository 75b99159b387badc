package websocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// trickle sends b a byte at a time, with a pause after each byte.
func (p *peer) trickle(b []byte, pause time.Duration) {
	for i := range b {
		if _, err := p.nc.Write(b[i : i+1]); err != nil {
			return
		}
		time.Sleep(pause)
	}
}

// A message that takes longer than Limits.MessageTimeout is refused with 1008, however it arrives
// and is read.
func TestMessageTimeout(t *testing.T) {
	testMessageTimeout(t, func(nc net.Conn) net.Conn { return nc })
	testMessageTimeout(t, func(nc net.Conn) net.Conn { return undeadlined{nc} })
}

func testMessageTimeout(t *testing.T, wrap func(net.Conn) net.Conn) {
	const limit = 50 * time.Second // p.Next waits for a minute
	for _, row := range []struct {
		name  string
		sends func(p *peer)
	}{
		{"header", func(p *peer) { p.trickle(p.Frame(wire.OpText, true, "text"), 29*time.Second) }},
		{"one byte of a header", func(p *peer) { p.trickle(p.Frame(wire.OpText, true, "")[:1], 0) }},
		{"payload", func(p *peer) {
			b := p.Frame(wire.OpText, true, "text")
			p.Write(b[:len(b)-4])
			p.trickle(b[len(b)-4:], 29*time.Second)
		}},
		{"large payload", func(p *peer) {
			b := p.Frame(wire.OpBinary, true, string(make([]byte, 100_000)))
			p.Write(b[:len(b)-50_000])
			p.trickle(b[len(b)-50_000:], time.Second)
		}},
		{"fragments", func(p *peer) {
			for op := wire.OpText; ; op = wire.OpContinuation {
				if _, err := p.nc.Write(p.Frame(op, false, "part")); err != nil {
					return
				}
				time.Sleep(9 * time.Second)
			}
		}},
		{"ping", func(p *peer) { p.trickle(p.Frame(wire.OpPing, true, string(make([]byte, 100))), time.Second) }},
	} {
		for _, style := range readStyles {
			t.Run(row.name+"/"+style.name, func(t *testing.T) {
				eachRole(t, func(t *testing.T, role wire.Role) {
					cfg := ConnOptions{Role: role, Limits: Limits{MessageTimeout: limit}}
					c, p := newPipePeer(t, wrap, cfg)
					time.Sleep(time.Hour) // time without a message does not count
					begun := time.Now()
					sent := start(func() error { row.sends(p); return nil })
					ended := start(func() error { return style.make(c)(context.Background()).err })
					got := start(func() error { p.ExpectClose(StatusPolicyViolation); return nil })
					e := wantError(t, <-ended, "read", ErrMessageTimeout)
					if took := time.Since(begun); took < limit || took > limit+10*probeTime {
						t.Errorf("Read returned after %v, want %v", took, limit)
					}
					if !e.Timeout() || e.Code != StatusPolicyViolation {
						t.Errorf("got error %v with code %v, want a timeout with code 1008", e, e.Code)
					}
					<-got
					p.nc.Close()
					<-sent
				})
			})
		}
	}
}

// messageTimeout is the Limits.MessageTimeout of noMessageTimeouts. A peer's write waits for a
// minute.
const messageTimeout = 25 * time.Second

// noMessageTimeouts are waits that do not count toward Limits.MessageTimeout.
var noMessageTimeouts = []struct {
	name   string
	limits Limits
	sends  func(p *peer)
	reads  func(c *Conn) error
}{
	{"no limit", Limits{}, func(p *peer) {
		p.trickle(p.Frame(wire.OpText, true, "text"), time.Hour)
	}, func(c *Conn) error {
		_, _, err := c.Read(context.Background())
		return err
	}},
	{"time between messages", Limits{MessageTimeout: messageTimeout}, func(p *peer) {
		for range 3 {
			b := p.Frame(wire.OpText, true, "text")
			p.Write(b[:1])
			time.Sleep(messageTimeout - time.Second)
			p.Write(b[1:])
			time.Sleep(2 * messageTimeout)
			p.trickle(p.Frame(wire.OpPong, true, "pong"), time.Second)
		}
	}, func(c *Conn) error {
		for range 3 {
			if _, _, err := c.Read(context.Background()); err != nil {
				return err
			}
		}
		return nil
	}},
	{"time between reads", Limits{MessageTimeout: messageTimeout}, func(p *peer) {
		p.Send(wire.OpText, false, "one")
		p.Send(wire.OpContinuation, true, "two")
	}, func(c *Conn) error {
		r, err := c.Reader(context.Background())
		if err != nil {
			return err
		}
		_, err = io.ReadFull(r, make([]byte, 3))
		time.Sleep(2 * messageTimeout)
		_, more := io.ReadAll(r)
		return errors.Join(err, more)
	}},
	{"a context that ended", Limits{MessageTimeout: messageTimeout}, func(p *peer) {
		p.Send(wire.OpText, false, "one")
		time.Sleep(2 * messageTimeout)
		p.Send(wire.OpContinuation, true, "two")
	}, func(c *Conn) error {
		ctx, cancel := context.WithTimeout(context.Background(), messageTimeout/2)
		defer cancel()
		_, _, err := c.Read(ctx)
		if !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrMessageTimeout) {
			return err
		}
		time.Sleep(2 * messageTimeout)
		_, _, err = c.Read(context.Background())
		return err
	}},
}

// Only the time in which a reader waits for the rest of a message counts.
func TestMessageTimeoutDoesNotCount(t *testing.T) {
	for _, row := range noMessageTimeouts {
		t.Run(row.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				c, p := newPeer(t, role, row.limits)
				done := start(func() error { row.sends(p); return nil })
				noError(t, row.reads(c))
				go c.Read(context.Background())
				<-done
				synctest.Wait()
				if c.Context().Err() != nil {
					t.Errorf("the connection ended with %+v, want it open", c.Closure())
				}
			})
		})
	}
}

// A write that fails while a read waits for the rest of a message is not a message timeout.
func TestMessageTimeoutAndFailedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newWornPeer(t, role, Limits{MessageTimeout: time.Hour}, 0)
		read := startRead(context.Background(), c)
		p.Send(wire.OpText, false, "part")
		synctest.Wait()
		failWrite(t, c)
		g := <-read
		if errors.Is(g.err, ErrMessageTimeout) || !errors.Is(g.err, errWornOut) {
			t.Errorf("Read: got %v, want %v alone", g.err, errWornOut)
		}
		<-c.Context().Done()
		if v := c.Closure(); errors.Is(v.Err, ErrMessageTimeout) {
			t.Errorf("Closure: got %+v, want no message timeout", v)
		}
	})
}

// A message that was received whole does not time out, even if Close drops it or nobody has read
// it to its end.
func TestMessageTimeoutAndClose(t *testing.T) {
	for _, open := range []bool{false, true} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{MessageTimeout: time.Second})
			if open { // a streamed message that was received whole and not read to its end
				go p.Send(wire.OpText, true, "whole")
				if _, err := c.Reader(context.Background()); err != nil {
					t.Fatal(err)
				}
			}
			closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
			p.ExpectClose(StatusNormalClosure)
			if !open {
				p.Send(wire.OpText, true, "whole")
			}
			time.Sleep(2 * time.Second)
			go p.nc.Write(p.Frame(wire.OpClose, true, "\x03\xe8"))
			if err := <-closed; err != nil {
				t.Errorf("open=%v: Close: got %v, want nil (closure %+v)", open, err, c.Closure())
			}
		})
	}
}

// Bytes that have arrived are read even if reads have waited as long as they may.
func TestMessageTimeoutReadsArrivedBytes(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{MessageTimeout: time.Second})
		go p.Send(wire.OpText, false, "a")
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		if _, _, err := c.Read(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Skip("the context and the limit ended at the same moment: ", err)
		}
		go p.nc.Write(p.Frame(wire.OpContinuation, true, "b"))
		synctest.Wait()
		g := <-startRead(context.Background(), c)
		if g.data != "ab" {
			t.Errorf("got %q, %v, want %q", g.data, g.err, "ab")
		}
	})
}
