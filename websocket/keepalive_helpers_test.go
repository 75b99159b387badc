package websocket_test

import (
	"context"
	"errors"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// The limits of most tests of keepalive.
const (
	pingEvery = 40 * time.Second
	pongWait  = 24 * time.Second
)

// keepaliveTransports are the kinds of transport in a bubble.
var keepaliveTransports = []struct {
	name string
	wrap func(net.Conn) net.Conn
}{
	{"pipe", func(nc net.Conn) net.Conn { return nc }},
	{"wrapped", func(nc net.Conn) net.Conn { return unpiped{nc} }},
	{"undeadlined", func(nc net.Conn) net.Conn { return undeadlined{nc} }},
	{"heedless", func(nc net.Conn) net.Conn { return heedless{nc} }},
}

// eachKeepalive runs f in a bubble for a Conn of either role over each kind of transport. A zero
// PingInterval or PongTimeout has the value of the constant above.
func eachKeepalive(t *testing.T, limits Limits, f func(t *testing.T, c *Conn, p *pinger)) {
	t.Helper()
	SetDefault(&limits.PingInterval, pingEvery)
	SetDefault(&limits.PongTimeout, pongWait)
	for _, kind := range keepaliveTransports {
		t.Run(kind.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				p := &pinger{kind: kind.name, begun: time.Now()}
				c, other := newPipePeer(t, kind.wrap, ConnOptions{
					Role: role, Limits: limits, Events: &Events{Pong: p.pong},
				})
				p.peer = other
				f(t, c, p)
			})
		})
	}
}

// A pinger is a peer that notes when frames arrive.
type pinger struct {
	*peer
	kind   string // of transport
	begun  time.Time
	frames chan arrival    // nil before the first call of arrivals
	trips  []time.Duration // of Events.Pong, which the reader calls
}

func (p *pinger) pong(_ *Conn, roundTrip time.Duration) { p.trips = append(p.trips, roundTrip) }

// An arrival is a frame that has arrived.
type arrival struct {
	at      time.Duration // since begun
	op      wire.Opcode
	payload string
}

// now returns the time since begun.
func (p *pinger) now() time.Duration { return time.Since(p.begun) }

// interrupts skips the test if the end of a context ends the connection.
func (p *pinger) interrupts() {
	if p.kind == "heedless" {
		p.t.Skip("reads cannot be interrupted")
	}
}

// arrivals reads what arrives from now on, as soon as it does.
func (p *pinger) arrivals() <-chan arrival {
	if p.frames == nil {
		p.frames = make(chan arrival, 1000)
		go func() {
			defer close(p.frames)
			for {
				h, payload, err := p.nextFrame()
				if err != nil {
					return
				}
				p.frames <- arrival{p.now(), h.Opcode, string(payload)}
			}
		}()
	}
	return p.frames
}

// wantPing waits for the next frame, which must be a ping that arrives at the given time.
func (p *pinger) wantPing(at time.Duration) (payload string) {
	p.t.Helper()
	return p.wantPingWithin(at, at)
}

// wantPingWithin waits for the next frame, which must be a ping that arrives between two times.
func (p *pinger) wantPingWithin(from, to time.Duration) (payload string) {
	p.t.Helper()
	got, ok := <-p.arrivals()
	if !ok {
		p.t.Fatalf("the connection ended after %v, want a ping after %v to %v", p.now(), from, to)
	}
	if got.op != wire.OpPing || got.at < from || got.at > to {
		p.t.Fatalf("got %v after %v, want a ping after %v to %v", got.op, got.at, from, to)
	}
	return got.payload
}

// wantNothing checks that nothing arrives for d, and that the connection stays open.
func (p *pinger) wantNothing(d time.Duration) {
	p.t.Helper()
	select {
	case got, ok := <-p.arrivals():
		p.t.Fatalf("got %v after %v (%v), want nothing for %v", got.op, p.now(), ok, d)
	case <-time.After(d):
	}
}

// wantEnd checks that c ends at the given time, and that a read in progress, everything else and
// all later calls say that it ended for lack of a pong after a silence of the given time.
func (p *pinger) wantEnd(c *Conn, read <-chan received, at, silence time.Duration) {
	t := p.t
	t.Helper()
	<-c.Context().Done()
	if took := p.now(); took != at {
		t.Errorf("the connection ended after %v, want %v", took, at)
	}
	err := (<-read).err
	e := wantError(t, err, "read", ErrNoPong)
	if !e.Timeout() || !errors.Is(err, net.ErrClosed) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: got %v, want a timeout that ended the connection", err)
	}
	want := ": nothing received for " + silence.Round(time.Millisecond).String() +
		", since " + time.Now().Add(-silence).Format(time.TimeOnly)
	if !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Read: got %q, want an error that ends with %q", err, want)
	}
	v := c.Closure()
	if v.Err != context.Cause(c.Context()) || !errors.Is(v.Err, ErrNoPong) || v.ByPeer || v.Clean {
		t.Errorf("Closure: got %+v, want %v", v, ErrNoPong)
	}
	if CloseStatus(err) != StatusAbnormalClosure || CloseStatus(v.Err) != StatusAbnormalClosure {
		t.Errorf("CloseStatus: got %v and %v, want 1006", CloseStatus(err), CloseStatus(v.Err))
	}
	_, _, again := c.Read(context.Background())
	if e := wantError(t, again, "read", ErrNoPong); e.Timeout() {
		t.Error("a later Read: Timeout is true, want false")
	}
	wantError(t, c.Write(context.Background(), Text, nil), "write", ErrNoPong)
	n := 0
	for _, err := range c.Messages(context.Background()) {
		wantError(t, err, "read", ErrNoPong)
		n++
	}
	if n != 1 {
		t.Errorf("Messages yielded %d errors, want 1", n)
	}
	wantClosed(t, c)
}
