package websocket

import (
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// pace implements Limits.MessageTimeout. It belongs to the holder of in.turn.
type pace struct {
	limit  time.Duration
	waited time.Duration // how long reads have waited for the rest of the message
}

// beginWait sets a deadline for the next read if a part of a message or frame has arrived. It
// returns the current time if so, and the zero time otherwise.
func (c *Conn) beginWait() time.Time {
	if k := c.keepalive; k != nil {
		k.AwaitBytes()
	}
	p := c.in.pace
	if p == nil {
		return time.Time{}
	}
	if (!c.in.open || c.in.last) && !c.in.partial {
		p.waited = 0
		return time.Time{}
	}
	now := time.Now()
	left := p.limit - p.waited
	const probe = transport.ProbeTime // bytes that have arrived are read all the same
	left = max(left, min(left+10*probe, probe))
	c.tr.Rd.Bound(now.Add(left))
	if c.ending.writeFailed.Load() { // meanwhile; another limit applies then
		c.tr.Rd.Bound(now.Add(lingerTime))
	}
	return now
}

// endWait ends the wait of a read that began at began and returned err. It reports whether the
// message has taken too long.
func (c *Conn) endWait(began time.Time, err error) (late bool) {
	if k := c.keepalive; k != nil && err == nil {
		k.GotBytes()
	}
	if began.IsZero() || c.ending.writeFailed.Load() { // reads after it have their own limits
		return false
	}
	late = err != nil && c.readCause(err) == errLingered
	c.tr.Rd.Bound(time.Time{})
	c.in.pace.waited += time.Since(began)
	return late
}
