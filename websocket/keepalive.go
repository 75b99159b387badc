package websocket

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/socket"
)

// A pingedPeer is a Conn as its heartbeat.Keepalive sees it.
type pingedPeer Conn

// IsReading takes the turn to read for a read that waits: a call holds it for little else.
func (p *pingedPeer) IsReading() bool { return p.in.turn.Busy() }

func (p *pingedPeer) IsOpen() bool { return (*Conn)(p).mayPing() }

// mayPing reports whether pings can be sent: neither side has sent a close frame, and writing has
// not failed.
func (c *Conn) mayPing() bool {
	g := &c.closing
	return c.canWrite() && !g.local.Load() && !g.sent.Load() && !g.received.Load()
}

func (p *pingedPeer) Taken() (n, queued int64, full bool) {
	return p.tr.Wr.Taken.Load(), int64(socket.Queued(p.tr.Conn)), p.tr.Wr.Unsent() > 0
}

func (p *pingedPeer) SendPing() {
	c := (*Conn)(p)
	c.out.mu.Lock()
	c.out.pongs.ping = true
	c.out.mu.Unlock()
	c.flushPongs()
}

func (p *pingedPeer) EndSilent(d time.Duration) {
	c := (*Conn)(p)
	e := &Error{Op: "read", closed: true, Err: fmt.Errorf("%w: nothing received for %v, since %s",
		ErrNoPong, d.Round(time.Millisecond), time.Now().Add(-d).Format(time.TimeOnly))}
	c.ending.recordLoss(e, false)
	c.end(e)
}

// pingLeft is called when the transport has taken all that was written.
func (c *Conn) pingLeft() {
	if c.keepalive != nil {
		c.keepalive.PingLeft()
	}
}
