package websocket_test

import (
	"context"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/wire"
)

// An idle connection is pinged every PingInterval, counted from the pong before. Its round trips
// are measured.
func TestKeepalivePings(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		startRead(context.Background(), c)
		for i := range 5 {
			trip := time.Duration(i) * time.Second
			payload := p.wantPing(p.now() + pingEvery)
			time.Sleep(trip)
			p.Send(wire.OpPong, true, payload)
			synctest.Wait()
			if got := c.Stats().RoundTrip; got != trip {
				t.Errorf("got round trip %v, want %v", got, trip)
			}
		}
	})
}

// Without PingInterval there are no pings, and there is no timer.
func TestKeepaliveOff(t *testing.T) {
	for _, interval := range []time.Duration{0, -1} {
		eachRole(t, func(t *testing.T, role wire.Role) {
			c, p := newPeer(t, role, Limits{PingInterval: interval, PongTimeout: time.Second})
			q := &pinger{peer: p, begun: time.Now()}
			startRead(context.Background(), c)
			q.wantNothing(time.Hour)
			if c.Keepalive() != nil {
				t.Error("the connection has a keepalive, want none")
			}
		})
	}
}

// A peer that does not answer is dropped PongTimeout after the ping has left, to the nanosecond.
// The time before the first read does not count.
func TestKeepaliveEnds(t *testing.T) {
	for _, wait := range []time.Duration{0, time.Nanosecond, heartbeat.Moment, time.Second, time.Hour} {
		limits := Limits{PongTimeout: wait}
		SetDefault(&wait, pongWait)
		eachKeepalive(t, limits, func(t *testing.T, c *Conn, p *pinger) {
			time.Sleep(time.Hour)
			at := p.now()
			read := startRead(context.Background(), c)
			p.wantPing(at + pingEvery)
			p.wantEnd(c, read, at+pingEvery+wait, pingEvery+wait)
		})
	}
}

// With a negative PongTimeout, a silent peer is pinged every PingInterval, and the connection stays
// open.
func TestKeepaliveWithoutPongTimeout(t *testing.T) {
	eachKeepalive(t, Limits{PongTimeout: -1}, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		for n := range 100 {
			p.wantPing(time.Duration(n+1) * pingEvery)
		}
		go p.Send(wire.OpText, true, "alive")
		if g := <-read; g.data != "alive" {
			t.Errorf("got %q, %v, want %q", g.data, g.err, "alive")
		}
	})
}

// Every byte is a sign of life, even a part of a frame. The next ping comes PingInterval after it,
// or at most a quarter of that later.
func TestKeepaliveBytes(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		frame := p.Frame(wire.OpText, true, "slowly")
		for i := range frame {
			p.wantNothing(pingEvery - time.Nanosecond)
			p.Write(frame[i : i+1])
		}
		last := p.now()
		if g := <-read; g.data != "slowly" {
			t.Fatalf("got %q, %v, want %q", g.data, g.err, "slowly")
		}
		read = startRead(context.Background(), c)
		p.wantPingWithin(last+pingEvery, last+pingEvery*5/4)

		// A byte stops the pong timer. It need not be that of the pong.
		time.Sleep(pongWait - time.Nanosecond)
		p.Write(frame[:1])
		last = p.now()
		p.wantPingWithin(last+pingEvery, last+pingEvery*5/4)
		at := p.now()
		<-c.Context().Done()
		if took := p.now() - at; took != pongWait {
			t.Errorf("the connection ended %v after the second ping, want %v", took, pongWait)
		}
		wantError(t, (<-read).err, "read", ErrNoPong)
	})
}

// While no read waits, the peer is neither pinged nor found silent, even if a ping has left. The
// silence counts from the moment at which a read waits again.
func TestKeepalivePausedReader(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		p.interrupts()
		for _, pinged := range []bool{false, true} {
			ctx, cancel := context.WithCancel(context.Background())
			read := startRead(ctx, c)
			if pinged {
				p.wantPing(p.now() + pingEvery)
			} else {
				p.wantNothing(pingEvery - time.Second)
			}
			cancel()
			interrupted(t, (<-read).err, context.Canceled)
			p.wantNothing(24 * time.Hour)
		}
		at := p.now()
		read := startRead(context.Background(), c)
		p.wantPing(at + pingEvery)
		p.wantEnd(c, read, at+pingEvery+pongWait, pingEvery+pongWait)
	})
}

// A reader that is busy with a message is neither pinged nor ended.
func TestKeepaliveBusyReader(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		go func() {
			for range c.Messages(context.Background()) {
				time.Sleep(time.Hour)
			}
		}()
		for range 3 {
			p.Send(wire.OpText, true, "work")
			p.wantNothing(time.Hour - time.Nanosecond)
		}
		at := p.now() + time.Nanosecond
		p.wantPing(at + pingEvery)
	})
}

// A reader that reads in short calls, one soon after the other, is a reader that waits, even if the
// timer looks between two calls.
func TestKeepalivePollingReader(t *testing.T) {
	const gap = 2 * time.Millisecond
	for _, patience := range []time.Duration{
		time.Second, pingEvery/heartbeat.LifeChecks - gap/2, pongWait/heartbeat.PongChecks - gap/2,
		heartbeat.Moment, 7 * time.Second,
	} {
		eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
			p.interrupts()
			read := start(func() received {
				for {
					ctx, cancel := context.WithTimeout(context.Background(), patience)
					_, _, err := c.Read(ctx)
					cancel()
					time.Sleep(gap)
					if c.Context().Err() != nil {
						return received{err: err}
					}
				}
			})
			p.wantPingWithin(pingEvery, pingEvery+heartbeat.Moment)
			at := p.now()
			<-c.Context().Done()
			if took := p.now() - at; took < pongWait || took > pongWait+3*heartbeat.Moment {
				t.Errorf("the connection ended %v after the ping, want %v", took, pongWait)
			}
			<-read
		})
	}
}

// Bytes that arrived while the reader was away are seen before the connection ends, whenever it
// comes back.
func TestKeepaliveReaderComesBack(t *testing.T) {
	for _, back := range []time.Duration{
		time.Second, pongWait - heartbeat.Moment - 1, pongWait - heartbeat.Moment,
		pongWait - 1, pongWait, pongWait + 1, time.Hour,
	} {
		eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
			p.interrupts()
			ctx, cancel := context.WithCancel(context.Background())
			read := startRead(ctx, c)
			payload := p.wantPing(pingEvery)
			at := time.Now()
			cancel()
			interrupted(t, (<-read).err, context.Canceled)
			pong := p.Frame(wire.OpPong, true, payload)
			sent := start(func() error { _, err := p.nc.Write(pong); return err }) // Send waits for a minute
			time.Sleep(time.Until(at.Add(back)))
			startRead(context.Background(), c)
			noError(t, <-sent)
			p.wantPing(pingEvery + back + pingEvery)
		})
	}
}

// A Conn fits, with a header of 8 bytes, into a size class of the runtime, 1,536 bytes. The next one
// is 1,792 bytes.
func TestConnSize(t *testing.T) {
	if size := reflect.TypeFor[Conn]().Size(); size > 1536-8 {
		t.Errorf("a Conn takes %d bytes, want at most %d", size, 1536-8)
	} else {
		t.Logf("%d bytes", size)
	}
}
