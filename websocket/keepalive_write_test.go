package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/wire"
)

// A ping that is due while a write waits leaves after that write, before the writes that begin to
// wait later, and once. PongTimeout counts from then.
func TestKeepalivePingWaits(t *testing.T) {
	limits := Limits{PongTimeout: 3 * pingEvery, WriteTimeout: -1}
	eachKeepalive(t, limits, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		large := bytes.Repeat([]byte("x"), 4*blockSize)
		writes := []<-chan error{stallWriter(c, string(large))}
		time.Sleep(pingEvery + time.Second)
		writes = append(writes, stallWriter(c, "later"))
		time.Sleep(2*pingEvery - time.Second)
		left := p.now()
		for _, want := range []wire.Opcode{wire.OpText, wire.OpPing, wire.OpText} {
			if got := <-p.arrivals(); got.op != want || got.at != left {
				t.Errorf("got %v after %v, want %v after %v", got.op, got.at, want, left)
			}
		}
		for _, w := range writes {
			noError(t, <-w)
		}
		p.wantEnd(c, read, left+limits.PongTimeout, left+limits.PongTimeout)
	})
}

// A ping that cannot leave is not sent again, however long that takes.
func TestKeepalivePingWaitsOnce(t *testing.T) {
	limits := Limits{PongTimeout: -1, WriteTimeout: -1}
	eachKeepalive(t, limits, func(t *testing.T, c *Conn, p *pinger) {
		startRead(context.Background(), c)
		time.Sleep(100 * pingEvery)
		p.wantPing(100 * pingEvery)
		p.wantNothing(pingEvery - time.Nanosecond)
		p.wantPing(101 * pingEvery)
	})
}

// A peer that takes nothing, so that not even the ping can leave, is dropped as soon as one that
// does not answer. WriteTimeout is a limit of its own.
func TestKeepalivePeerTakesNothing(t *testing.T) {
	for _, writes := range []bool{false, true} {
		eachKeepalive(t, Limits{WriteTimeout: -1}, func(t *testing.T, c *Conn, p *pinger) {
			read := startRead(context.Background(), c)
			wrote := start(func() error {
				if !writes {
					return ErrNoPong
				}
				return c.Write(context.Background(), Binary, make([]byte, 1<<20))
			})
			p.wantEnd(c, read, pingEvery+pongWait, pingEvery+pongWait)
			if err := <-wrote; !errors.Is(err, ErrNoPong) {
				t.Errorf("Write: got %v, want %v", err, ErrNoPong)
			}
		})
	}
}

// A peer that reads 20 KB/s, with megabytes to read before it sees a ping, stays connected. Once it
// stops reading, it is dropped PongTimeout later, as far as can be seen.
func TestKeepaliveSlowReader(t *testing.T) {
	const rate, size, step = 20_000, 4 << 20, 100 * time.Millisecond
	const piece = 256 << 10 // what the transport is given at a time
	for _, message := range []int{size, 100_000} {
		eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
			read := startRead(context.Background(), c)
			wrote := start(func() error {
				for range size / message {
					if err := c.Write(context.Background(), Binary, make([]byte, message)); err != nil {
						return err
					}
				}
				return nil
			})
			p.over(throttle(p.nc, rate, step))
			for pings, got := 0, 0; pings == 0 || got < size/message; {
				h, payload, err := p.nextFrame()
				if err != nil {
					t.Fatalf("after %v: %v, %+v", p.now(), err, c.Closure())
				}
				if h.Opcode == wire.OpPing {
					pings++
					p.Send(wire.OpPong, true, string(payload))
				} else {
					got++
				}
			}
			noError(t, <-wrote)
			go c.Write(context.Background(), Binary, make([]byte, size))
			io.CopyN(io.Discard, p.nc, size/2)
			stopped := p.now()
			<-c.Context().Done()
			late := pongWait/heartbeat.PongChecks + time.Second
			if took := p.now() - stopped; took < pongWait-piece*time.Second/rate || took > pongWait+late {
				t.Errorf("the connection ended %v after the peer stopped, want about %v", took, pongWait)
			}
			wantError(t, (<-read).err, "read", ErrNoPong)
		})
	}
}

// A throttled is a connection that reads at a limited rate.
type throttled struct {
	net.Conn
	each int
	step time.Duration
}

func throttle(nc net.Conn, rate int, step time.Duration) net.Conn {
	return &throttled{nc, int(time.Duration(rate) * step / time.Second), step}
}

func (h *throttled) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p[:min(len(p), h.each)])
	time.Sleep(h.step * time.Duration(n) / time.Duration(h.each))
	return n, err
}

// A hundred peers that vanish at random times are dropped in time.
func TestKeepaliveVanishedPeers(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		limits := Limits{PingInterval: pingEvery, PongTimeout: pongWait}
		begun := time.Now()
		ended := make(chan error)
		for i := range 100 {
			c, p := newPeer(t, role, limits)
			startRead(context.Background(), c)
			last := time.Duration(i) * 777 * time.Millisecond
			go func() {
				for q := (&pinger{peer: p, begun: begun}); q.now() < last; {
					select {
					case got := <-q.arrivals(): // which goes on after the loop for an even i
						p.Send(wire.OpPong, true, got.payload)
					case <-time.After(last - q.now()):
					}
				}
				vanished := time.Now()
				<-c.Context().Done()
				if took := time.Since(vanished); took > pingEvery+pongWait {
					t.Errorf("the connection ended %v after its peer vanished, want at most %v",
						took, pingEvery+pongWait)
				}
				ended <- c.Closure().Err
			}()
		}
		for range 100 {
			if err := <-ended; !errors.Is(err, ErrNoPong) {
				t.Errorf("got %v, want %v", err, ErrNoPong)
			}
		}
	})
}

// Nothing is pinged once either side has sent a close frame, and the limits of the closing handshake
// apply instead of PongTimeout.
func TestKeepaliveAndClose(t *testing.T) {
	eachKeepalive(t, Limits{CloseTimeout: time.Hour}, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		p.wantPing(pingEvery)
		closed := timed(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		if got := <-p.arrivals(); got.op != wire.OpClose {
			t.Fatalf("got %v, want a close frame", got.op)
		}
		p.wantNothing(time.Hour - 1)
		if r := <-closed; r.took != time.Hour || !errors.Is(r.err, context.DeadlineExceeded) {
			t.Errorf("Close: got %v after %v, want %v after 1h", r.err, r.took, context.DeadlineExceeded)
		}
		wantError(t, (<-read).err, "read", net.ErrClosed)
	})
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		p.arrivals()
		if err := c.WriteControl(context.Background(), wire.OpClose, nil); err != nil {
			t.Fatal(err)
		}
		if got := <-p.arrivals(); got.op != wire.OpClose {
			t.Fatalf("got %v, want a close frame", got.op)
		}
		p.wantNothing(time.Hour)
		go p.SendClose(StatusNormalClosure, "")
		if err := (<-read).err; CloseStatus(err) != StatusNormalClosure {
			t.Errorf("Read: got %v, want the close frame of the peer", err)
		}
	})
}

// The peer's close frame stays the cause, even if it arrives when the connection would have ended.
func TestKeepaliveCloseFrameWins(t *testing.T) {
	for _, after := range []time.Duration{0, pongWait - heartbeat.Moment, pongWait - 1} {
		eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
			read := startRead(context.Background(), c)
			p.wantPing(pingEvery)
			time.Sleep(after)
			p.SendClose(4000, "")
			if err := (<-read).err; CloseStatus(err) != 4000 {
				t.Errorf("Read: got %v, want the peer's close frame", err)
			}
			p.nc.Close()
			time.Sleep(time.Hour)
			var ce *CloseError
			if v := c.Closure(); !v.ByPeer || !errors.As(v.Err, &ce) {
				t.Errorf("Closure: got %+v, want the peer's close frame", v)
			}
		})
	}
}

// Nothing is pinged after a write has failed, and the limits of the reads that follow apply.
func TestKeepaliveAfterFailedWrite(t *testing.T) {
	for _, at := range []time.Duration{0, pingEvery - 1, pingEvery} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, _ := newWornPeer(t, role, Limits{PingInterval: pingEvery}, 0)
			read := startRead(context.Background(), c)
			time.Sleep(at)
			failed := time.Now()
			err := c.Write(context.Background(), Text, nil)
			wantError(t, err, "write", errWornOut)
			<-c.Context().Done()
			if took := time.Since(failed); took > LingerTime {
				t.Errorf("the connection ended after %v, want at most %v", took, LingerTime)
			}
			synctest.Wait()
			if err := (<-read).err; !errors.Is(err, errWornOut) {
				t.Errorf("Read: got %v, want %v", err, errWornOut)
			}
		})
	}
}

// A ping that fails ends the connection as any write that fails.
func TestKeepalivePingFails(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newWornPeer(t, role, Limits{PingInterval: pingEvery}, 0)
		read := startRead(context.Background(), c)
		<-c.Context().Done()
		wantError(t, (<-read).err, "read", errWornOut)
	})
}
