package websocket_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/wire"
)

// A silenceModel knows when a ping may come: PingInterval after the silence began, which was
// between lo and hi, or up to a quarter later unless the moment is known exactly.
type silenceModel struct {
	lo, hi time.Duration
	exact  bool
}

func (m *silenceModel) set(at time.Duration, exact bool) { *m = silenceModel{at, at, exact} }

func (m *silenceModel) pings(at time.Duration) bool {
	if m.exact && m.lo == m.hi {
		return at == m.lo+pingEvery
	}
	return at >= m.lo+pingEvery && at <= m.hi+pingEvery*5/4+2*heartbeat.Moment
}

// Pings come when the model says so, whatever the peer sends and however the reader pauses, and so
// does the end.
func TestKeepaliveRandomSchedules(t *testing.T) {
	eachKeepalive(t, Limits{}, func(t *testing.T, c *Conn, p *pinger) {
		p.interrupts()
		for range 10 {
			a, b := rand.Uint64(), rand.Uint64()
			time.Sleep(pingEvery)
			keepaliveSchedule(t, c, p, rand.New(rand.NewPCG(a, b)))
			if t.Failed() {
				t.Fatalf("with rand.NewPCG(%d, %d)", a, b)
			}
		}
	})
}

func keepaliveSchedule(t *testing.T, c *Conn, p *pinger, r *rand.Rand) {
	upTo := func(d time.Duration) time.Duration { return time.Duration(r.Int64N(int64(d))) + 1 }
	var m silenceModel
	var cancel context.CancelFunc
	var read <-chan received
	reads := func() {
		var ctx context.Context
		ctx, cancel = context.WithCancel(context.Background())
		read = startRead(ctx, c)
	}
	reads()
	m.set(p.now(), true)
	for range 100 {
		select {
		case got, ok := <-p.arrivals():
			if !ok || got.op != wire.OpPing || !m.pings(got.at) {
				t.Errorf("got %v after %v (%v), want a ping that suits %+v", got.op, p.now(), ok, m)
				return
			}
			time.Sleep(upTo(pongWait) - 1)
			if m.set(p.now(), true); r.IntN(4) > 0 {
				p.Send(wire.OpPong, true, got.payload)
				continue
			}
			p.Send(wire.OpText, true, "alive")
			m.exact = false
			<-read
			reads()
		case <-time.After(upTo(pingEvery * 3 / 2)):
			if r.IntN(2) > 0 {
				p.Send(wire.OpText, true, "alive")
				m.set(p.now(), false)
				<-read
				reads()
				continue
			}
			cancel()
			<-read
			pause := upTo(pingEvery)
			time.Sleep(pause)
			if reads(); pause > pingEvery/heartbeat.LifeChecks+2*heartbeat.Moment {
				m.set(p.now(), true)
			}
			m.hi = p.now()
		}
		synctest.Wait()
	}
	cancel()
	<-read
}
