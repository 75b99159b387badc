package websocket

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

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

// eachKeepalive runs f in a bubble for a Conn of either role over each kind of transport. Zero
// fields of limits have the values of the constants above.
func eachKeepalive(t *testing.T, limits Limits, f func(t *testing.T, c *Conn, p *pinger)) {
	t.Helper()
	setDefault(&limits.PingInterval, pingEvery)
	setDefault(&limits.PongTimeout, pongWait)
	for _, kind := range keepaliveTransports {
		t.Run(kind.name, func(t *testing.T) {
			eachRole(t, func(t *testing.T, role wire.Role) {
				ours, theirs := net.Pipe()
				c, p := newPeerOver(t, kind.wrap(ours), theirs, ConnOptions{Role: role, Limits: limits})
				f(t, c, newPinger(p))
			})
		})
	}
}

// A pinger is a peer that notes when pings arrive, and answers if the test has set delay.
type pinger struct {
	*peer
	pings chan arrival
}

// An arrival is a frame that has arrived.
type arrival struct {
	at      time.Time
	op      wire.Opcode
	payload string
}

// newPinger reads all that p gets, at once.
func newPinger(p *peer) *pinger {
	q := &pinger{p, make(chan arrival, 1000)}
	go func() {
		defer close(q.pings)
		for {
			h, payload, err := p.nextFrame()
			if err != nil {
				return
			}
			q.pings <- arrival{time.Now(), h.Opcode, string(payload)}
		}
	}()
	return q
}

// wantPing waits for the next frame, which must be a ping that arrives at the given time.
func (p *pinger) wantPing(at time.Time) (payload string) {
	p.t.Helper()
	got, ok := <-p.pings
	if !ok || got.op != wire.OpPing || !got.at.Equal(at) {
		p.t.Fatalf("got %v after %v (%v), want a ping after %v",
			got.op, got.at.Sub(synctestEpoch), ok, at.Sub(synctestEpoch))
	}
	return got.payload
}

// wantNothing checks that no frame arrives for d.
func (p *pinger) wantNothing(d time.Duration) {
	p.t.Helper()
	select {
	case got, ok := <-p.pings:
		p.t.Fatalf("got %v at %v (%v), want nothing", got.op, got.at.Sub(synctestEpoch), ok)
	case <-time.After(d):
	}
}

// synctestEpoch is the time at which bubbles begin.
var synctestEpoch = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)

// An idle connection is pinged every PingInterval, counted from the pong before.
func TestKeepalivePings(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		startRead(context.Background(), c)
		for trip := range 5 {
			payload := p.wantPing(time.Now().Add(pingEvery))
			time.Sleep(time.Duration(trip) * time.Second)
			p.send(wire.OpPong, true, payload)
			synctest.Wait()
			if got := c.Stats().RoundTrip; got != time.Duration(trip)*time.Second {
				t.Errorf("got round trip %v, want %ds", got, trip)
			}
		}
	})
}

// A peer that does not answer is gone exactly PongTimeout after the ping has left.
func TestKeepaliveEnds(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		time.Sleep(time.Hour)
		begun := time.Now()
		read := startRead(context.Background(), c)
		p.wantPing(begun.Add(pingEvery))
		<-c.Context().Done()
		if took := time.Since(begun); took != pingEvery+pongWait {
			t.Errorf("the connection ended after %v, want %v", took, pingEvery+pongWait)
		}
		wantNoPong(t, c, (<-read).err, pingEvery+pongWait)
	})
}

// wantNoPong checks that err, of a read that waited, and everything else says that c has ended for
// lack of a pong after a silence of the given time.
func wantNoPong(t *testing.T, c *Conn, err error, silence time.Duration) {
	t.Helper()
	e := wantError(t, err, "read", ErrNoPong)
	if !e.Timeout() || !errors.Is(err, net.ErrClosed) || !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read: got %v, want a timeout that ended the connection", err)
	}
	want := "nothing received for " + silence.String() +
		", since " + time.Now().Add(-silence).Format(time.TimeOnly)
	if !strings.HasSuffix(err.Error(), want) {
		t.Errorf("Read: got %q, want an error that ends with %q", err, want)
	}
	v := c.Closure()
	if !errors.Is(v.Err, ErrNoPong) || v.ByPeer || v.Clean || v.Sent.Code != 0 || v.Err != context.Cause(c.Context()) {
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
var _ = io.EOF
