package websocket

import "time"

// pace bounds how long a message may take to come, for Limits.MessageTimeout. It belongs
// to the holder of the turn to read.
type pace struct {
	limit  time.Duration
	waited time.Duration // for the rest of what has begun
}

// beginWait bounds the read that follows, if it is for the rest of something. It returns
// when that began, or the zero time.
func (c *Conn) beginWait() time.Time {
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
	left = max(left, min(left+10*probeTime, probeTime)) // what is there is read all the same
	c.tr.rd.bound(now.Add(left))
	if c.ending.writeFailed.Load() { // meanwhile: the bound of that holds
		c.tr.rd.bound(now.Add(lingerTime))
	}
	return now
}

// endWait is for a read that began then and has returned err. It reports whether the
// message has taken too long.
func (c *Conn) endWait(began time.Time, err error) (late bool) {
	if began.IsZero() || c.ending.writeFailed.Load() { // which has bounds of its own
		return false
	}
	late = err != nil && c.readCause(err) == errLingered
	c.tr.rd.bound(time.Time{})
	c.in.pace.waited += time.Since(began)
	return late
}
