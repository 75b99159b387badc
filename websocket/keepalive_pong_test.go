package websocket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Pongs that answer pings of the keepalive do not count toward MaxControls, even if they all come
// late, as some peers answer all pings and some only the newest. The function of OnControl and
// Events see them. Any further pong counts.
func TestKeepalivePongsAreNoFlood(t *testing.T) {
	const pings = 50
	for _, row := range []struct {
		name    string
		answers func(payloads []string) []string
	}{
		{"all", func(all []string) []string { return all }},
		{"newest", func(all []string) []string { return all[pings-1:] }},
		{"newest first", func(all []string) []string { slices.Reverse(all); return all }},
		{"none", func([]string) []string { return nil }},
	} {
		t.Run(row.name, func(t *testing.T) {
			eachKeepalive(t, Limits{MaxControls: 1}, func(t *testing.T, c *Conn, p *pinger) {
				seen := 0
				c.OnControl(func(op wire.Opcode, payload []byte) bool {
					seen++
					return false
				})
				read := start(func() (err error) {
					for err == nil {
						_, _, err = c.Read(context.Background())
					}
					return err
				})
				var payloads []string
				for range pings {
					payloads = append(payloads, p.wantPingWithin(p.now()+pingEvery, p.now()+pingEvery*5/4))
					p.Send(wire.OpText, true, "alive")
				}
				time.Sleep(time.Second)
				answers := row.answers(payloads)
				for _, payload := range answers {
					p.Send(wire.OpPong, true, payload)
				}
				synctest.Wait()
				if c.Context().Err() != nil {
					t.Fatalf("the connection ended with %v", c.Closure().Err)
				}
				if seen != len(answers) {
					t.Errorf("OnControl saw %d pongs, want %d", seen, len(answers))
				}
				if answers != nil {
					if !slices.Equal(p.trips, []time.Duration{time.Second}) || c.Stats().RoundTrip != time.Second {
						t.Errorf("got round trips %v, and %v, want 1s once", p.trips, c.Stats().RoundTrip)
					}
				}
				// The rest of the expected pongs, the one of MaxControls, and one too many.
				for range pings - len(answers) + 2 {
					p.nc.Write(p.Frame(wire.OpPong, true, ""))
				}
				if err := <-read; !errors.Is(err, wire.ErrControlFlood) {
					t.Errorf("Read: got %v, want %v", err, wire.ErrControlFlood)
				}
			})
		})
	}
}

// A pong may come before the ping's write has returned.
func TestKeepaliveEarlyPong(t *testing.T) {
	eachKeepalive(t, Limits{MaxControls: 1}, func(t *testing.T, c *Conn, p *pinger) {
		startRead(context.Background(), c)
		for n := range 100 {
			time.Sleep(pingEvery)
			h := make([]byte, 2, 6)
			readFull(t, p.nc, h)
			if h[1]&0x80 != 0 {
				h = h[:6]
				readFull(t, p.nc, h[2:])
			}
			payload := make([]byte, 8)
			readFull(t, p.nc, payload[:7])
			payload[7] = byte(n + 1) // the last byte is still being written
			if len(h) == 6 {
				wire.Mask(payload[:7], [4]byte(h[2:]), 0)
			}
			p.Send(wire.OpPong, true, string(payload))
			readFull(t, p.nc, h[:1])
		}
		synctest.Wait()
		s := c.Stats()
		if begun, others := c.Pings().Waiting(); s.ControlsRead != 100 || begun+others != 0 {
			t.Errorf("got %+v, %d and %d pings that wait; want none", s, begun, others)
		}
	})
}

func readFull(t *testing.T, nc net.Conn, p []byte) {
	t.Helper()
	for len(p) > 0 {
		n, err := nc.Read(p)
		if err != nil {
			t.Fatal(err)
		}
		p = p[n:]
	}
}

// Ping and the keepalive use different payloads. A pong of either answers the earlier pings of both.
func TestKeepaliveAndPing(t *testing.T) {
	for _, both := range []bool{false, true} {
		eachKeepalive(t, Limits{MaxControls: 1}, func(t *testing.T, c *Conn, p *pinger) {
			startRead(context.Background(), c)
			p.arrivals()
			time.Sleep(pingEvery - time.Second)
			early := startPing(context.Background(), c)
			first := p.wantPing(pingEvery - time.Second)
			ours := p.wantPing(pingEvery)
			time.Sleep(time.Second)
			late := startPing(context.Background(), c)
			last := p.wantPing(pingEvery + time.Second)
			if first == ours || ours == last {
				t.Errorf("got pings %x, %x, %x, want three payloads", first, ours, last)
			}
			if both {
				p.Send(wire.OpPong, true, ours)
				if r := <-early; r != (pinged{2 * time.Second, nil}) || c.Stats().RoundTrip != time.Second {
					t.Errorf("got %v, round trip %v, want 2s and 1s", r, c.Stats().RoundTrip)
				}
			}
			time.Sleep(2 * time.Second)
			p.Send(wire.OpPong, true, last)
			if r := <-late; r != (pinged{2 * time.Second, nil}) || c.Stats().RoundTrip != 2*time.Second {
				t.Errorf("got %v, round trip %v, want 2s twice", r, c.Stats().RoundTrip)
			}
			if !both {
				if r := <-early; r != (pinged{4 * time.Second, nil}) {
					t.Errorf("got %v, want 4s", r)
				}
			}
			if n, _ := c.Pings().Waiting(); n > 0 {
				t.Errorf("%d pings still wait", n)
			}
			p.wantPing(p.now() + pingEvery) // counted from the pong, to the nanosecond
		})
	}
}

// RoundTrip is measured for Ping without a keepalive, too.
func TestRoundTripOfPing(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		done := startPing(context.Background(), c)
		payload := p.expectPing()
		time.Sleep(time.Second)
		p.Send(wire.OpPong, true, "unsolicited")
		p.Send(wire.OpPong, true, payload)
		if r := <-done; r != (pinged{time.Second, nil}) || c.Stats().RoundTrip != time.Second {
			t.Errorf("got %v, round trip %v, want 1s", r, c.Stats().RoundTrip)
		}
	})
}

// Once Ping has returned, Stats has its round trip.
func TestRoundTripAfterPing(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		startRead(context.Background(), c)
		for n := range 1000 {
			done := make(chan struct{})
			go func() {
				took, err := c.Ping(context.Background())
				if got := c.Stats().RoundTrip; err != nil || got != took {
					t.Errorf("ping %d took %v, %v, and Stats has %v", n, took, err, got)
				}
				close(done)
			}()
			payload := p.expectPing()
			time.Sleep(time.Duration(n+1) * time.Millisecond)
			p.Send(wire.OpPong, true, payload)
			if <-done; t.Failed() {
				return
			}
		}
	})
}

// A ByteStream whose peer falls silent ends with a timeout, too.
func TestKeepaliveByteStream(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		read := timed(func() error {
			_, err := c.ByteStream(Binary).Read(make([]byte, 1))
			return err
		})
		p.wantPing(pingEvery)
		r := <-read
		if r.took != pingEvery+pongWait || !errors.Is(r.err, ErrNoPong) || !transport.IsTimeout(r.err) {
			t.Errorf("got %v after %v, want %v after %v", r.err, r.took, ErrNoPong, pingEvery+pongWait)
		}
	})
}

// Limits.MessageTimeout applies beside the keepalive. Whichever is exceeded first ends the
// connection.
func TestKeepaliveAndMessageTimeout(t *testing.T) {
	for _, row := range []struct{ limit, at time.Duration }{
		{pingEvery - time.Second, pingEvery - time.Second},
		{pingEvery + time.Second, pingEvery + time.Second},
		{time.Hour, pingEvery*5/4 + pongWait},
	} {
		eachKeepalive(t, Limits{MessageTimeout: row.limit}, func(t *testing.T, c *Conn, p *pinger) {
			read := startRead(context.Background(), c)
			p.arrivals()
			time.Sleep(time.Second)
			begun := p.now()
			p.Send(wire.OpText, false, "part")
			err := (<-read).err
			if took := p.now() - begun; took < row.at-pingEvery/heartbeat.LifeChecks || took > row.at+transport.Grace {
				t.Errorf("Read: got %v after %v, want it after about %v", err, took, row.at)
			}
			want := ErrMessageTimeout
			if row.limit == time.Hour {
				want = ErrNoPong
			}
			wantError(t, err, "read", want)
		})
	}
}

// The timer does not run after the end of the connection, whenever that comes.
func TestKeepaliveStops(t *testing.T) {
	for _, at := range []time.Duration{0, 1, pingEvery / heartbeat.LifeChecks, pingEvery, pingEvery + pongWait} {
		for _, end := range []func(c *Conn){
			func(c *Conn) { c.CloseNow() },
			func(c *Conn) { c.Close(context.Background(), StatusNormalClosure, "") },
			func(c *Conn) { c.Abort(errors.New("enough")) },
		} {
			eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
				p.arrivals()
				read := startRead(context.Background(), c)
				time.Sleep(at)
				end(c)
				<-read
				synctest.Wait()
				c.Read(context.Background())
				if c.Keepalive().Stop() {
					t.Errorf("%v: the timer still runs, want it stopped", at)
				}
			})
		}
	}
}

// A gated is a connection whose reads return only while the gate is open.
type gated struct {
	unpiped
	gate chan struct{}
}

func (g *gated) Read(p []byte) (int, error) {
	n, err := g.unpiped.Read(p)
	if err == nil {
		<-g.gate
	}
	return n, err
}

// A program that was suspended and wakes long after PongTimeout first reads what has arrived.
func TestKeepaliveSuspended(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		ours, theirs := net.Pipe()
		limits := Limits{PingInterval: pingEvery, PongTimeout: pongWait}
		g := &gated{unpiped{ours}, make(chan struct{})}
		c, p := newPeerOver(t, g, theirs, ConnOptions{Role: role, Limits: limits})
		q := &pinger{peer: p, begun: time.Now()}
		startRead(context.Background(), c)
		payload := q.wantPing(pingEvery)
		p.Send(wire.OpPong, true, payload) // arrives, and is not seen
		synctest.Wait()
		c.Keepalive().Timer.Stop()
		time.Sleep(time.Hour)
		c.Keepalive().Timer.Reset(0)
		time.Sleep(heartbeat.Moment - 1) // the reader is slower than the timer
		close(g.gate)
		q.wantPing(q.now() + pingEvery)
	})
}

// The keepalive works over every real transport: pings are answered, and a peer that answers none
// is dropped.
func TestKeepaliveTransports(t *testing.T) {
	for _, kind := range transports {
		t.Run(kind, func(t *testing.T) {
			checkLeaks(t)
			client, server := connPair(t, kind, Limits{PingInterval: time.Millisecond})
			for _, c := range []*Conn{client, server} {
				startRead(bounded(t), c)
			}
			for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
				a, b := client.Stats(), server.Stats()
				if a.RoundTrip > 0 && b.RoundTrip > 0 && min(a.ControlsRead, b.ControlsRead) >= 10 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("got %+v and %+v after a minute, want pongs on both sides", a, b)
				}
			}
		})
		for _, role := range roles {
			t.Run(kind+"/"+role.String(), func(t *testing.T) {
				checkLeaks(t)
				ours, theirs := netPair(t, kind)
				limits := Limits{PingInterval: time.Millisecond, PongTimeout: 10 * time.Millisecond}
				c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: role, Limits: limits})
				read := startRead(bounded(t), c)
				go func() {
					for err := error(nil); err == nil; {
						_, _, err = p.nextFrame()
					}
				}()
				err := (<-read).err
				e := wantError(t, err, "read", ErrNoPong)
				if !errors.Is(err, os.ErrDeadlineExceeded) || !e.Timeout() {
					t.Errorf("Read: got %v, want a timeout", err)
				}
				wantClosed(t, c)
			})
		}
	}
}

// A pong without a payload answers no ping, not even one that waits to be written.
func TestKeepaliveEmptyPong(t *testing.T) {
	eachKeepalive(t, Limits{MaxControls: 1, WriteTimeout: -1}, func(t *testing.T, c *Conn, p *pinger) {
		read := startRead(context.Background(), c)
		stallWriter(c, "the ping waits for this")
		time.Sleep(pingEvery + time.Second)
		for range 2 {
			p.Send(wire.OpPong, true, "")
		}
		synctest.Wait()
		if trip := c.Stats().RoundTrip; trip != 0 || len(p.trips) > 0 {
			t.Errorf("got round trips %v and %v, want none", trip, p.trips)
		}
		c.CloseNow()
		if err := (<-read).err; !errors.Is(err, wire.ErrControlFlood) && !errors.Is(err, net.ErrClosed) {
			t.Errorf("Read: got %v, want %v", err, wire.ErrControlFlood)
		}
	})
}
