package websocket

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/socket"
	"github.com/hawser-ws/hawser/wire"
)

// keepalive implements Limits.PingInterval and Limits.PongTimeout. All but state is guarded by
// pings.mu. Times are since epoch.
//
// A read that begins to wait starts the timer, and a read that gets bytes changes state at most.
// The timer looks several times in each interval, so that it knows within a fraction of the
// interval when the last bytes came. It stops once no read waits.
type keepalive struct {
	interval, timeout time.Duration // of Limits; a negative timeout means none

	timer *time.Timer   // calls checkPeer; nil before the first read
	since time.Duration // when the silence began, as far as is known
	ping  *heartbeat    // the newest ping, until its pong arrives
	state atomic.Uint32
	away  uint8 // how many times in succession the timer saw no read that waits
}

// The values of keepalive.state.
const (
	asleep uint32 = iota // the next read starts the timer
	quiet                // nothing has come since the timer last looked
	heard                // something has
	over                 // the connection has ended
)

const (
	lifeChecks = 4 // how often the timer looks in each PingInterval
	pongChecks = 8 // and in each PongTimeout
	awayChecks = 3 // and in two moments, before it stops because no read waits

	// pingSize is the largest size of a ping's frame, in bytes.
	pingSize = wire.MaxHeaderSize + 8

	// moment is how long a read has for bytes that have arrived, after the timer has looked.
	moment = 50 * time.Millisecond
)

// A heartbeat is a ping of a keepalive.
type heartbeat struct {
	id    uint64        // 0 until the ping is being written
	at    time.Duration // when the ping was made or, once it is known, when the transport had taken it
	from  time.Duration // when PongTimeout began: then, or at the last sign of life or of progress
	acked int64         // see takes
	left  bool          // the transport has taken the ping
	timed bool          // PongTimeout applies
	stuck bool          // a write waited at the last call of takes
	last  bool          // only the last part of PongTimeout remains
}

// newKeepalive returns nil if PingInterval is off.
func newKeepalive(l Limits) *keepalive {
	if l.PingInterval <= 0 {
		return nil
	}
	return &keepalive{interval: l.PingInterval, timeout: l.PongTimeout}
}

// awaitBytes is called before a read of the transport.
func (k *keepalive) awaitBytes(c *Conn) {
	if k.state.Load() == asleep {
		k.wake(c)
	}
}

// gotBytes is called after a read that got bytes.
func (k *keepalive) gotBytes() {
	if k.state.Load() == quiet {
		k.state.CompareAndSwap(quiet, heard)
	}
}

// wake starts the timer.
func (k *keepalive) wake(c *Conn) {
	c.pings.mu.Lock()
	defer c.pings.mu.Unlock()
	if !k.state.CompareAndSwap(asleep, quiet) {
		return
	}
	now := time.Since(epoch)
	k.alive(now)
	if d := k.next(now); k.timer == nil {
		k.timer = time.AfterFunc(d, c.checkPeer)
	} else {
		k.timer.Reset(d)
	}
}

// alive records that there is no silence before now. The caller has pings.mu.
func (k *keepalive) alive(now time.Duration) {
	k.since, k.away = now, 0
	if p := k.ping; p != nil {
		p.from, p.last = now, false
		p.timed = p.timed && !p.left
	}
}

// next returns when the timer looks again, once it has looked now. The caller has pings.mu.
func (k *keepalive) next(now time.Duration) time.Duration {
	p, step := k.ping, max(k.interval/lifeChecks, time.Millisecond)
	switch {
	case p != nil && p.timed:
		// Bytes may have arrived that no read has seen, because the program was suspended or
		// did not read. Therefore the timer looks twice before the connection ends.
		final := min(moment, k.timeout/2)
		left := p.from + k.timeout - now
		if p.last = left <= final; p.last {
			return final
		}
		return min(max(k.timeout/pongChecks, time.Millisecond), left-final)
	case p != nil && !p.left:
		return step
	}
	return min(step, k.since+k.interval-now)
}

// checkPeer is called by the timer. It does not wait.
func (c *Conn) checkPeer() {
	k, reading := c.keepalive, c.in.turn.busy()
	var ping bool
	var err error
	c.pings.mu.Lock()
	if k.state.Load() != over && c.mayPing() { // otherwise the timer never runs again
		ping, err = k.look(c, reading)
	}
	c.pings.mu.Unlock()
	switch {
	case err != nil:
		e := &Error{Op: "read", Err: err, closed: true}
		c.ending.recordLoss(e, false)
		c.end(e)
	case ping:
		c.queuePing()
	case c.in.turn.busy():
		k.awaitBytes(c) // a read may have begun before the timer stopped
	}
}

// mayPing reports whether pings can be sent: neither side has sent a close frame, and writing has
// not failed.
func (c *Conn) mayPing() bool {
	g := &c.closing
	return c.canWrite() && !g.local.Load() && !g.sent.Load() && !g.received.Load()
}

// look reports whether a ping is due. It returns an error if the peer has been silent for too long.
// The caller has pings.mu.
func (k *keepalive) look(c *Conn, reading bool) (ping bool, err error) {
	now := time.Since(epoch)
	came := k.state.CompareAndSwap(heard, quiet)
	if came {
		k.alive(now)
	}
	p := k.ping
	switch {
	case !reading && (came || k.away == awayChecks):
		k.state.Store(asleep)
		return false, nil
	case !reading: // perhaps between two reads
		k.away++
		if p != nil {
			p.last = false
		}
		k.timer.Reset(moment / time.Duration(k.away)) // unevenly, as the reads may be periodic
		return false, nil
	case p != nil && (p.timed || !p.left):
		switch {
		case p.takes(c):
			p.from = now
		case p.timed && p.last && now >= p.from+k.timeout:
			return false, k.silence(now)
		}
	case now >= k.since+k.interval:
		p = &heartbeat{from: now, timed: k.timeout >= 0}
		p.takes(c)
		k.ping, ping = p, true
	}
	k.away = 0
	k.timer.Reset(k.next(now))
	return ping, nil
}

// silence returns the error of a peer that has been silent until now.
func (k *keepalive) silence(now time.Duration) error {
	d := now - k.since
	return fmt.Errorf("%w: nothing received for %v, since %s",
		ErrNoPong, d.Round(time.Millisecond), time.Now().Add(-d).Format(time.TimeOnly))
}

// takes reports whether the peer has taken bytes of ours since the last call. Where the system
// reports its queue, bytes that have left it are taken: what we add to the queue raises both terms
// of the difference. Elsewhere, a write that waited has gone on.
func (p *heartbeat) takes(c *Conn) bool {
	acked, stuck := c.tr.Wr.Taken.Load(), p.stuck
	p.stuck = c.tr.Wr.Unsent() > 0
	queued := socket.Queued(c.tr.Conn)
	if queued >= 0 {
		acked -= int64(queued)
	}
	more := acked > p.acked
	p.acked = acked
	return more && (stuck || queued >= 0)
}

// queuePing queues the ping that look has made.
func (c *Conn) queuePing() {
	c.out.mu.Lock()
	c.out.pongs.ping = true
	c.out.mu.Unlock()
	c.flushPongs()
}

// nextPing returns the payload of the ping that is about to be written.
func (c *Conn) nextPing() []byte {
	q := &c.pings
	q.mu.Lock()
	defer q.mu.Unlock()
	q.last++
	q.others++ // its pong may come after that of a later ping
	p := c.keepalive.ping
	p.id, p.at = q.last, time.Since(epoch)
	return binary.BigEndian.AppendUint64(nil, p.id)
}

// pingLeft is called when the transport has taken all that was written.
func (c *Conn) pingLeft() {
	k := c.keepalive
	if k == nil {
		return
	}
	c.pings.mu.Lock()
	defer c.pings.mu.Unlock()
	p := k.ping
	if p == nil || p.id == 0 || p.left {
		return
	}
	now := time.Since(epoch)
	p.left, p.at, p.from = true, now, now
	if taken := c.tr.Wr.Taken.Load(); taken-p.acked <= pingSize {
		p.acked = taken // all before the ping was acknowledged, and the ping's own bytes do not count
	} else {
		p.takes(c)
	}
	if k.timeout < 0 {
		k.since = now // of the next ping
	}
	k.rearm(now)
}

// rearm moves the next look of the timer, if it runs. The caller has pings.mu.
func (k *keepalive) rearm(now time.Duration) {
	if s := k.state.Load(); s == quiet || s == heard {
		k.timer.Reset(k.next(now))
	}
}

// answered records that a pong has answered the pings up to that with this ID. The caller has
// pings.mu.
func (k *keepalive) answered(id uint64, now time.Duration) {
	if k.ping != nil && k.ping.id != 0 && k.ping.id <= id {
		k.ping = nil
	}
	k.state.CompareAndSwap(heard, quiet)
	k.alive(now)
	k.rearm(now)
}

// stopKeepalive stops the timer once the connection has ended.
func (c *Conn) stopKeepalive() {
	k := c.keepalive
	if k == nil {
		return
	}
	c.pings.mu.Lock()
	defer c.pings.mu.Unlock()
	k.state.Store(over)
	if k.timer != nil {
		k.timer.Stop()
	}
}
