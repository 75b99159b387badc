package websocket

import (
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// pace implements Limits.MessageTimeout. It belongs to the holder of in.turn.
type pace struct {
	limit  time.Duration
	waited time.Duration // how long reads have waited for the rest of the message
	began  time.Time     // when the read in progress began, or zero if it has no deadline
}

// beginWait sets a deadline for the next read if a part of a message or frame has arrived.
func (c *Conn) beginWait() {
	if k := c.keepalive; k != nil {
		k.AwaitBytes()
	}
	if c.in.pace != nil {
		c.beginPace()
	}
}

func (c *Conn) beginPace() {
	p := c.in.pace
	if (!c.in.open || c.in.last) && !c.in.partial {
		p.waited, p.began = 0, time.Time{}
		return
	}
	now := time.Now()
	p.began = now
	left := p.limit - p.waited
	const probe = transport.ProbeTime // bytes that have arrived are read all the same
	left = max(left, min(left+10*probe, probe))
	c.tr.Rd.Bound(now.Add(left))
	if c.ending.writeFailed.Load() { // meanwhile; another limit applies then
		c.tr.Rd.Bound(now.Add(lingerTime))
	}
}

// endWait ends the wait of a read that returned err. It reports whether the message has taken too
// long.
func (c *Conn) endWait(err error) (late bool) {
	if k := c.keepalive; k != nil && err == nil {
		k.GotBytes()
	}
	p := c.in.pace
	if p == nil || p.began.IsZero() || c.ending.writeFailed.Load() { // then lastReads has the limits
		return false
	}
	late = err != nil && c.readCause(err) == errLingered
	c.tr.Rd.Bound(time.Time{})
	p.waited += time.Since(p.began)
	return late
}
