package heartbeat

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// The limits of these tests.
const (
	interval = 40 * time.Second
	timeout  = 24 * time.Second
	quarter  = interval / LifeChecks
)

// A fakePeer is a connection whose reads and writes are those of the test.
type fakePeer struct {
	t       *testing.T
	pings   Pings
	k       *Keepalive
	begun   time.Time
	mu      sync.Mutex // of the timer's goroutines; the test has it before it waits
	away    bool       // no read waits
	closed  bool       // no ping can be sent
	holds   bool       // a ping does not leave by itself
	taken   int64
	inexact bool
	full    bool
	looks   int // how often the timer has looked

	sent    []time.Duration // when pings were queued, since begun
	payload []byte          // of the newest
	ended   time.Duration   // when the connection ended; 0: not yet
	silence time.Duration
}

func (p *fakePeer) IsOpen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.closed
}

func (p *fakePeer) Taken() (n, queued int64, full bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.inexact {
		queued = -1
	}
	return p.taken, queued, p.full
}

func (p *fakePeer) SendPing() {
	p.mu.Lock()
	p.sent = append(p.sent, p.now())
	leaves := !p.holds
	p.mu.Unlock()
	if leaves {
		p.leave()
	}
}

func (p *fakePeer) EndSilent(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ended, p.silence = p.now(), d
	p.k.Stop()
}

// IsReading is called twice for each look, unless a ping is due.
func (p *fakePeer) IsReading() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.looks++
	return !p.away
}

func (p *fakePeer) now() time.Duration { return time.Since(p.begun) }

// leave gives the ping to the transport.
func (p *fakePeer) leave() {
	p.payload = p.k.NextPing()
	p.k.PingLeft()
}

// at waits until d after the beginning.
func (p *fakePeer) at(d time.Duration) {
	p.mu.Lock() // the timer's goroutines see what the test has done
	wait := d - p.now()
	p.mu.Unlock()
	time.Sleep(wait)
	synctest.Wait()
}

func (p *fakePeer) bytes() {
	p.k.GotBytes()
	p.k.AwaitBytes()
}

// pong answers the newest ping.
func (p *fakePeer) pong() {
	p.k.GotBytes()
	p.pings.Pong(p.payload)
	p.k.AwaitBytes()
}

// wantPings checks when pings were sent.
func (p *fakePeer) wantPings(at ...time.Duration) {
	p.t.Helper()
	if len(p.sent) != len(at) {
		p.t.Fatalf("after %v: got pings after %v, want %v", p.now(), p.sent, at)
	}
	for i, d := range at {
		if p.sent[i] != d {
			p.t.Fatalf("after %v: got pings after %v, want %v", p.now(), p.sent, at)
		}
	}
}

// wantEnd waits, and checks when the connection ends, and after which silence.
func (p *fakePeer) wantEnd(at, silence time.Duration) {
	p.t.Helper()
	p.at(at - 1)
	if p.ended != 0 {
		p.t.Fatalf("ended after %v, want %v", p.ended, at)
	}
	p.at(at)
	if p.ended != at || p.silence != silence {
		p.t.Fatalf("ended after %v and a silence of %v, want %v and %v", p.ended, p.silence, at, silence)
	}
}

// wantOpen checks that the connection has not ended.
func (p *fakePeer) wantOpen() {
	p.t.Helper()
	if p.ended != 0 {
		p.t.Fatalf("ended after %v, want no end", p.ended)
	}
}

// bubble runs f with a peer from which a read waits.
func bubble(t *testing.T, pongTimeout time.Duration, f func(p *fakePeer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := &fakePeer{t: t, begun: time.Now()}
		p.k = p.pings.KeepAlive(p, interval, pongTimeout)
		p.k.AwaitBytes()
		f(p)
		p.k.Stop()
		if p.k.Timer.Stop() {
			t.Error("the timer still runs after Stop")
		}
	})
}

// Without an interval there is no keepalive.
func TestKeepAliveOff(t *testing.T) {
	for _, d := range []time.Duration{0, -1} {
		if k := new(Pings).KeepAlive(&fakePeer{}, d, timeout); k != nil {
			t.Errorf("KeepAlive with %v: got a keepalive, want nil", d)
		}
	}
}

// An idle peer is pinged exactly an interval after the first read and after each pong. The timer
// looks once for each ping.
func TestIdlePeer(t *testing.T) {
	bubble(t, timeout, func(p *fakePeer) {
		var want []time.Duration
		for n := range 10 {
			p.at(time.Duration(n+1)*interval - 1)
			p.wantPings(want...)
			p.at(p.now() + 1)
			want = append(want, p.now())
			p.wantPings(want...)
			p.pong()
			if p.looks > n+1 {
				t.Fatalf("the timer has looked %d times for %d pings", p.looks, n+1)
			}
		}
	})
}

// A peer that does not answer is gone exactly a timeout after the ping has left. Without a timeout
// it is pinged on.
func TestSilentPeer(t *testing.T) {
	for _, wait := range []time.Duration{1, Moment, time.Second, timeout, 10 * interval} {
		bubble(t, wait, func(p *fakePeer) { p.wantEnd(interval+wait, interval+wait) })
		bubble(t, wait, func(p *fakePeer) {
			p.holds = true
			p.at(interval + wait/2)
			p.leave()
			p.wantEnd(interval+wait/2+wait, interval+wait/2+wait)
			p.wantPings(interval)
		})
	}
	bubble(t, -1, func(p *fakePeer) {
		p.at(3 * interval)
		p.wantPings(interval, 2*interval, 3*interval)
		p.at(1000 * interval)
		p.wantOpen()
	})
}

// After bytes, a ping comes an interval later, or at most a quarter after that, however the bytes
// come: while the peer was silent, in a row, or as the answer to a ping. A later one is exact.
func TestBytes(t *testing.T) {
	for _, wait := range []time.Duration{-1, timeout, 10 * interval} {
		for _, first := range []time.Duration{
			1, quarter - 1, quarter, interval - 1, interval, interval + 1, interval + timeout/2,
		} {
			for _, row := range []time.Duration{0, 1, quarter - 1, quarter, quarter + 1, 3 * interval} {
				bubble(t, wait, func(p *fakePeer) {
					p.at(first)
					p.bytes()
					for end := p.now() + row; p.now() < end; {
						p.at(min(p.now()+time.Second, end))
						p.bytes()
					}
					last, before := p.now(), len(p.sent)
					p.at(last + interval - 1)
					if len(p.sent) != before && wait >= 0 {
						t.Fatalf("bytes until %v: got pings after %v, want none within an interval", last, p.sent)
					}
					p.at(last + interval + quarter)
					if len(p.sent) == before {
						t.Fatalf("bytes until %v: got pings after %v, want one within a quarter", last, p.sent)
					}
					p.pong()
					ponged := p.now()
					p.at(ponged + interval)
					if got := p.sent[len(p.sent)-1]; got != ponged+interval {
						t.Fatalf("got a ping after %v, want an interval after %v", got, ponged)
					}
				})
			}
		}
	}
}

// Bytes that come before and after a ping leaves are seen as soon as other bytes.
func TestBytesAroundPing(t *testing.T) {
	for _, wait := range []time.Duration{-1, timeout, 10 * interval} {
		bubble(t, wait, func(p *fakePeer) {
			p.holds = true
			p.at(interval + 1)
			p.bytes()
			p.leave()
			p.at(interval + 2)
			p.bytes()
			p.at(2*interval + 2 + quarter)
			if len(p.sent) != 2 {
				t.Errorf("got pings after %v, want two", p.sent)
			}
		})
	}
}

// While no read waits, nothing is pinged, and nothing ends. When the program reads again after a
// pause of more than a quarter and two Moments, the silence is counted from then.
func TestPause(t *testing.T) {
	for _, from := range []time.Duration{0, 1, quarter, interval - 1, interval + 1, interval + timeout - 1} {
		for _, pause := range []time.Duration{quarter + 2*Moment, interval, 1000 * interval} {
			bubble(t, timeout, func(p *fakePeer) {
				p.at(from)
				before := len(p.sent)
				p.k.Paused()
				p.away = true
				p.at(from + pause)
				if len(p.sent) > before {
					t.Fatalf("a pause from %v: got pings after %v, want none", from, p.sent)
				}
				p.wantOpen()
				p.away = false
				p.k.AwaitBytes()
				back := p.now()
				p.at(back + interval)
				if got := p.sent[len(p.sent)-1]; got != back+interval {
					t.Fatalf("a pause from %v for %v: got a ping after %v, want %v", from, pause, got, back+interval)
				}
				p.wantEnd(back+interval+timeout, interval+timeout)
			})
		}
	}
}

// A program that pauses again and again for a moment is one that reads.
func TestShortPauses(t *testing.T) {
	for _, each := range []time.Duration{time.Millisecond, Moment, time.Second, quarter - 1, quarter} {
		bubble(t, timeout, func(p *fakePeer) {
			for p.ended == 0 && p.now() < 2*(interval+timeout) {
				p.at(p.now() + each)
				p.k.Paused()
				p.k.AwaitBytes()
			}
			p.wantPings(interval)
			if p.ended < interval+timeout || p.ended > interval+timeout+Moment {
				t.Errorf("with pauses every %v: ended after %v, want %v", each, p.ended, interval+timeout)
			}
		})
	}
}

// A peer that takes bytes is alive for a timeout after that, within an eighth, whether the system
// counts them or a write is seen to go on. Bytes that no write had to wait for show nothing.
func TestProgress(t *testing.T) {
	for _, row := range []struct{ inexact, full, counts bool }{
		{false, false, true}, {true, true, true}, {true, false, false},
	} {
		for _, left := range []bool{false, true} {
			bubble(t, timeout, func(p *fakePeer) {
				p.inexact, p.full, p.holds = row.inexact, row.full, !left
				last := interval + timeout*3/4
				if row.counts {
					last += 10 * timeout
				}
				for d := interval + time.Second; d <= last; d += timeout / 2 {
					p.at(d)
					p.taken++
				}
				if !row.counts {
					p.wantEnd(interval+timeout, interval+timeout)
					return
				}
				p.wantOpen()
				took := p.now()
				p.at(took + timeout*9/8 + Moment)
				if p.ended < took+timeout {
					t.Errorf("ended after %v, want a timeout after %v", p.ended, took)
				}
				p.wantPings(interval)
			})
		}
	}
}

// A timer that is late, because the program was suspended, gives reads a moment before the end.
func TestSuspended(t *testing.T) {
	for _, reads := range []bool{false, true} {
		bubble(t, timeout, func(p *fakePeer) {
			p.at(interval + time.Second)
			p.k.Timer.Stop()
			p.at(1000 * interval)
			p.k.Timer.Reset(0)
			p.at(p.now() + Moment - 1)
			p.wantOpen()
			if !reads {
				p.wantEnd(1000*interval+Moment, 999*interval+Moment+interval)
				return
			}
			p.pong()
			p.at(p.now() + interval - 1)
			p.wantOpen()
			p.wantPings(interval)
		})
	}
}

// Once no ping can be sent, the timer stops.
func TestClosed(t *testing.T) {
	for _, at := range []time.Duration{0, interval - 1, interval + 1} {
		bubble(t, timeout, func(p *fakePeer) {
			p.at(at)
			before := len(p.sent)
			p.closed = true
			p.bytes()
			p.k.Paused()
			p.at(at + interval + timeout)
			looks := p.looks
			p.at(1000 * interval)
			if p.looks > looks || len(p.sent) > before || p.ended != 0 {
				t.Errorf("closed after %v: %d looks, pings after %v, end after %v; want none", at,
					p.looks-looks, p.sent, p.ended)
			}
		})
	}
}
