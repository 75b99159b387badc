package heartbeat

import (
	"math"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A Peer is a connection as a Keepalive sees it. Its methods do not wait. IsOpen and Taken are
// called with the mutex of Pings held.
type Peer interface {
	// IsReading reports whether a read may be waiting for bytes.
	IsReading() bool

	// IsOpen reports whether pings can be sent. Once it has returned false, no ping is sent any
	// more.
	IsOpen() bool

	// Taken returns how many bytes the transport has taken, and how many of them are queued until
	// the peer takes them, or -1 if that is unknown. full is whether a write waits for the peer.
	Taken() (n, queued int64, full bool)

	// SendPing queues the ping that NextPing returns.
	SendPing()

	// EndSilent ends the connection, because the peer has been silent for d.
	EndSilent(d time.Duration)
}

// A Keepalive implements Limits.PingInterval and Limits.PongTimeout. All but state is guarded by the
// mutex of Pings. Times are since epoch.
//
// A read that begins to wait starts the timer, which then looks when a ping falls due. After each
// look, the first bytes, and the first pause of the program, bring the next look forward. Thus the
// timer knows within a fraction of the interval when the last bytes came, and stops if no read
// waits. Further reads change nothing.
type Keepalive struct {
	pings             *Pings
	peer              Peer
	interval, timeout time.Duration // of Limits; a negative timeout means none

	Timer *time.Timer   // calls check; exported for a test
	due   time.Duration // when the timer looks
	since time.Duration // when the silence began, as far as is known
	ping  *heartbeat    // the newest ping, until its pong arrives
	state atomic.Uint32
	away  uint8 // how many times in succession the timer saw no read that waits
}

// The values of Keepalive.state.
const (
	asleep uint32 = iota // the next read starts the timer
	over                 // the connection has ended
	quiet                // nothing has happened since the timer last looked
	paused               // the program has stopped reading, perhaps only between two reads
	heard                // bytes have come
)

const (
	LifeChecks = 4 // how often the timer looks in each PingInterval at most
	PongChecks = 8 // how often it looks in each PongTimeout
	awayChecks = 3 // how often it looks, within two Moments, before it stops because no read waits

	// pingSize is the largest size of a ping's frame, in bytes.
	pingSize = wire.MaxHeaderSize + 8

	// Moment is how long a read has for bytes that have arrived, after the timer has looked.
	Moment = 50 * time.Millisecond
)

// A heartbeat is a ping of a keepalive.
type heartbeat struct {
	id    uint64        // 0 until the ping is being written
	at    time.Duration // when the ping was made or, once it is known, when the transport had taken it
	from  time.Duration // when PongTimeout began: then, or at the last sign of life or of progress
	left  bool          // the transport has taken the ping
	timed bool          // PongTimeout applies
	sent  Progress      // since the last look
	last  bool          // only the last part of PongTimeout remains
}

// KeepAlive returns a Keepalive for the connection of p and peer, or nil if interval is not
// positive. interval is Limits.PingInterval, and timeout is Limits.PongTimeout.
func (p *Pings) KeepAlive(peer Peer, interval, timeout time.Duration) *Keepalive {
	if interval <= 0 {
		return nil
	}
	k := &Keepalive{pings: p, peer: peer, interval: interval, timeout: timeout}
	k.Timer = time.AfterFunc(math.MaxInt64, k.check) // now, because the stack of a read that waits is small
	k.Timer.Stop()
	p.keepalive = k
	return k
}

// AwaitBytes is called before a read of the transport.
func (k *Keepalive) AwaitBytes() {
	if k.state.Load() == asleep {
		k.wake()
	}
}

// GotBytes is called after a read that got bytes.
func (k *Keepalive) GotBytes() {
	if k.state.Load() != heard {
		k.note(heard)
	}
}

// Paused is called when the program stops reading.
func (k *Keepalive) Paused() {
	if k.state.Load() == quiet {
		k.note(paused)
	}
}

// note records what has happened since the last look.
func (k *Keepalive) note(event uint32) {
	for s := k.state.Load(); quiet <= s && s < event; s = k.state.Load() {
		if k.state.CompareAndSwap(s, event) && s == quiet {
			k.lookSoon()
		}
	}
}

// lookSoon makes the timer look within a fraction of the interval.
func (k *Keepalive) lookSoon() {
	k.pings.mu.Lock()
	defer k.pings.mu.Unlock()
	if now := time.Since(epoch); now+k.step() < k.due {
		k.rearm(now, k.step())
	}
}

// step returns how much later than bytes or a pause the timer may look.
func (k *Keepalive) step() time.Duration { return max(k.interval/LifeChecks, time.Millisecond) }

// wake starts the timer. A defer would enlarge the stack of a goroutine that waits for bytes.
func (k *Keepalive) wake() {
	k.pings.mu.Lock()
	if k.state.CompareAndSwap(asleep, quiet) {
		now := time.Since(epoch)
		k.alive(now)
		k.rearm(now, k.next(now))
	}
	k.pings.mu.Unlock()
}

// rearm makes the timer look in d, or earlier if something has happened, unless it is stopped. The
// caller has the mutex.
func (k *Keepalive) rearm(now, d time.Duration) {
	switch s := k.state.Load(); {
	case s < quiet:
		return
	case s > quiet:
		d = min(d, k.step())
	}
	k.due = now + d
	k.Timer.Reset(d)
}

// alive records that there is no silence before now. The caller has the mutex.
func (k *Keepalive) alive(now time.Duration) {
	k.since, k.away = now, 0
	if p := k.ping; p != nil {
		p.from, p.last = now, false
		p.timed = p.timed && !p.left
	}
}

// next returns when the timer looks again, once it has looked now. The caller has the mutex.
func (k *Keepalive) next(now time.Duration) time.Duration {
	switch p := k.ping; {
	case p != nil && p.timed:
		// Bytes may have arrived that no read has seen, because the program was suspended or
		// did not read. Therefore the timer looks twice before the connection ends.
		final := min(Moment, k.timeout/2)
		left := p.from + k.timeout - now
		if p.last = left <= final; p.last {
			return final
		}
		return min(max(k.timeout/PongChecks, time.Millisecond), left-final)
	case p != nil && !p.left:
		return k.step()
	}
	return k.since + k.interval - now
}

// check is called by the timer. It does not wait.
func (k *Keepalive) check() {
	reading := k.peer.IsReading()
	var ping bool
	var silent time.Duration
	k.pings.mu.Lock()
	if k.state.Load() >= quiet && k.peer.IsOpen() {
		ping, silent = k.look(reading)
	}
	k.pings.mu.Unlock()
	switch {
	case silent > 0:
		k.peer.EndSilent(silent)
	case ping:
		k.peer.SendPing()
	case k.peer.IsReading():
		k.AwaitBytes() // a read may have begun before the timer stopped
	}
}

// look reports whether a ping is due. If the peer has been silent for too long, it returns for how
// long. The caller has the mutex.
func (k *Keepalive) look(reading bool) (ping bool, silent time.Duration) {
	now := time.Since(epoch)
	came := k.state.Swap(quiet) == heard
	if came {
		k.alive(now)
	}
	p := k.ping
	switch {
	case !reading && (came || k.away == awayChecks):
		k.state.Store(asleep)
		return false, 0
	case !reading: // perhaps between two reads
		k.away++
		if p != nil {
			p.last = false
		}
		k.rearm(now, Moment/time.Duration(k.away)) // unevenly, as the reads may be periodic
		return false, 0
	case p != nil && (p.timed || !p.left):
		switch {
		case p.sent.Made(k.peer):
			p.from = now
		case p.timed && p.last && now >= p.from+k.timeout:
			return false, now - k.since
		}
	case now >= k.since+k.interval:
		p = &heartbeat{from: now, timed: k.timeout >= 0}
		p.sent.Made(k.peer)
		k.ping, ping = p, true
	}
	k.away = 0
	k.rearm(now, k.next(now))
	return ping, 0
}

// A Progress tells whether the peer takes bytes of ours.
type Progress struct {
	taken int64
	full  bool // a write waited at the last call
}

// Made reports whether peer has taken bytes since the last call. If the system reports its queue,
// those are the bytes that have left it. Bytes that we add to the queue do not change the
// difference. Otherwise, a write that waited has continued.
func (p *Progress) Made(peer Peer) bool {
	n, queued, full := peer.Taken()
	n -= max(queued, 0)
	more := n > p.taken && (queued >= 0 || p.full)
	p.taken, p.full = n, full
	return more
}

// Taken reports whether the peer has taken bytes since the timer last looked, while a ping waits. It
// is for tests.
func (k *Keepalive) Taken() bool {
	k.pings.mu.Lock()
	defer k.pings.mu.Unlock()
	return k.ping.sent.Made(k.peer)
}

// NextPing returns the payload of the ping that is about to be written.
func (k *Keepalive) NextPing() (payload []byte) {
	q := k.pings
	q.mu.Lock()
	defer q.mu.Unlock()
	p := k.ping
	q.others++ // its pong may come after that of a later ping
	p.id, payload = q.next()
	p.at = time.Since(epoch)
	return payload
}

// PingLeft is called when the transport has taken all that was written.
func (k *Keepalive) PingLeft() {
	k.pings.mu.Lock()
	defer k.pings.mu.Unlock()
	p := k.ping
	if p == nil || p.id == 0 || p.left {
		return
	}
	now := time.Since(epoch)
	p.left, p.at, p.from = true, now, now
	if n, _, _ := k.peer.Taken(); n-p.sent.taken <= pingSize {
		p.sent.taken = n // the peer had taken all before the ping, whose own bytes do not count
	} else {
		p.sent.Made(k.peer)
	}
	if k.timeout < 0 {
		k.since = now // of the next ping
	}
	k.rearm(now, k.next(now))
}

// answered records that a pong has answered the pings up to that with this ID. The goroutine that
// reads calls it, and has the mutex.
func (k *Keepalive) answered(id uint64, now time.Duration) {
	if k.ping != nil && k.ping.id != 0 && k.ping.id <= id {
		k.ping = nil
	}
	if k.state.Load() > quiet {
		k.state.Store(quiet)
	}
	k.alive(now)
	k.rearm(now, k.next(now))
}

// Stop stops the timer once the connection has ended. It reports whether the timer was running.
func (k *Keepalive) Stop() (ran bool) {
	k.pings.mu.Lock()
	defer k.pings.mu.Unlock()
	k.state.Store(over)
	return k.Timer.Stop()
}
