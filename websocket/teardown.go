package websocket

import (
	"cmp"
	"context"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// After the peer's close frame or a protocol violation, nothing more is read. The teardown sends
// our close frame if none was sent, ends the connection with all calls and Conn.Context, drains
// what the peer still sends, and closes the transport. It runs on a separate goroutine, so that no
// caller has to wait for it, unless there is nothing to wait for. It is limited by CloseTimeout for
// the frame, and by another CloseTimeout or lingerTime for the peer to close.

const (
	// After our last frame, we keep reading for this long and this many bytes. Otherwise the system
	// would answer late bytes with a reset, which would overtake our close frame.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// startTeardown starts the teardown. payload is the payload of our close frame. breach is the
// peer's violation, or nil. due, if not nil, is closed unless the program sends the frame. The
// caller has in.turn, and must not touch what the turn guards after endRead.
func (c *Conn) startTeardown(payload []byte, breach *Error, due <-chan struct{}) {
	c.closing.tearingDown.Store(true)
	answered := breach == nil && due == nil && c.answerNow(payload)
	if answered && c.in.dec.Role == wire.Server && c.isQuiet() {
		c.closeTransport()
		return
	}
	turn := make(chan struct{})
	c.closing.handOver = turn
	go c.tearDown(payload, breach, due, answered, turn)
}

// tearDown does the rest of the teardown. answered is whether answerNow has answered and ended the
// connection. On a server, it is then not quiet. turn is closed when in.turn passes to tearDown.
func (c *Conn) tearDown(payload []byte, breach *Error, due <-chan struct{}, answered bool, turn chan struct{}) {
	if due != nil {
		c.awaitAnswer(due)
	}
	begun := time.Now()
	sent := answered || c.sendLastClose(payload, breach)
	<-turn
	c.in.kept = nil // it can no longer be read
	c.in.share.Resize(0)
	if sent {
		c.drainAndClose(begun, breach != nil || answered && c.in.dec.Role == wire.Server)
	}
	c.in.dropBlock()
	c.in.turn.Unlock()
	c.releaseIfEnded()
}

// answerNow answers the peer's close frame and ends the connection, if neither has to wait. It
// reports whether it did.
func (c *Conn) answerNow(payload []byte) bool {
	if !c.tr.IsRaw() || c.events != nil { // Events.Closed may wait
		return false
	}
	ours, err := c.sendClose(noWait, payload)
	return err == nil && c.lastCloseSent(payload, ours, nil, nil)
}

// isQuiet reports whether it is safe to close the transport at once. The caller has in.turn.
func (c *Conn) isQuiet() bool { return len(c.in.unread) == 0 && c.tr.Quiet() }

// hangUp ends the connection without waiting for the peer's close frame. If ours is out, the
// transport is drained and closed in the background, as after a failure.
func (c *Conn) hangUp() {
	if c.ctx.Ended() || !c.closing.out.Load() {
		c.end(errClosed)
		return
	}
	c.closing.draining.Store(true)
	c.end(errClosed)
	if c.closing.tearingDown.Swap(true) {
		return
	}
	c.tr.Rd.Bound(transport.LongAgo) // for a read in progress
	go func() {
		late := time.AfterFunc(lingerTime, c.closeTransport)
		defer late.Stop()
		_ = c.in.turn.Lock(context.Background(), context.Background())
		c.drainAndClose(time.Now(), true)
		c.in.dropBlock()
		c.in.turn.Unlock()
		c.releaseIfEnded()
	}()
}

// awaitEnd waits for the end of the connection or of ctx. If ctx ends, it returns an Interrupt.
func (c *Conn) awaitEnd(ctx context.Context) error {
	select {
	case <-c.ended():
		return nil
	case <-c.watched(ctx).Done():
		return transport.Ended(ctx)
	}
}

// sendLastClose sends our close frame, or waits until it is out, and ends the connection. It
// reports whether the frame is out. If so, the caller closes the transport.
func (c *Conn) sendLastClose(payload []byte, breach *Error) bool {
	if d := c.teardownTimeout(); d >= 0 {
		// Ending the connection stops a write on any transport. A deadline may not.
		late := time.AfterFunc(d, func() { c.end(cmp.Or(breach, errClosed)) })
		defer late.Stop()
	}
	ours, err := c.sendClose(context.Background(), payload)
	return c.lastCloseSent(payload, ours, err, breach)
}

// lastCloseSent ends the connection after sendClose has returned ours and err for payload. It
// reports whether our close frame is out.
func (c *Conn) lastCloseSent(payload []byte, ours bool, err error, breach *Error) bool {
	switch {
	case breach == nil:
		if c.ending.writeFailed.Load() {
			c.ending.recordPeerClosed() // our frame did not precede it
		}
		c.ending.record(errClosed) // unless the peer was first
	case ours:
		code, _, _ := wire.ConsumeClose(payload)
		c.ending.recordCode(breach, code)
	}
	sent := err == nil || c.closing.out.Load() // sendClose fails if hangUp was called meanwhile
	c.closing.draining.Store(sent)
	c.end(cmp.Or(breach, errClosed))
	return sent
}

// teardownTimeout returns how long our close frame may take after the peer's, or a negative number
// if WriteTimeout suffices. The frame always has a limit, even if all limits are turned off,
// because no caller may be waiting for it.
func (c *Conn) teardownTimeout() time.Duration {
	if c.closeWithin < 0 && c.writeWithin < 0 {
		return DefaultWriteTimeout
	}
	return c.closeWithin
}

// drainAndClose closes the transport once our close frame is out. After a closing handshake, which
// began at began, a quiet server closes at once, and a client closes after its server (RFC 6455,
// section 7.1.1). failed is set if there was no closing handshake, or if the server is known not to
// be quiet. The caller has in.turn.
func (c *Conn) drainAndClose(began time.Time, failed bool) {
	until := time.Now().Add(lingerTime)
	if !failed && c.in.dec.Role == wire.Client && c.closeWithin >= 0 {
		until = began.Add(c.closeWithin)
	}
	// Not all transports obey deadlines, and closeWrite may block as well.
	late := time.AfterFunc(time.Until(until)+transport.ProbeTime, c.closeTransport)
	defer late.Stop()
	switch {
	case !failed && c.in.dec.Role == wire.Client:
		c.drain(until)
	case failed || !c.isQuiet():
		if c.tr.CloseWrite() == nil || c.tr.Resets() {
			c.drain(until)
		}
	}
	c.closeTransport()
}

// drain reads and discards what the peer still sends. The caller has in.turn.
func (c *Conn) drain(until time.Time) {
	if c.tr.Rd.Follow(context.Background()) != nil {
		return
	}
	c.tr.Rd.Bound(until)
	for n := 0; n < lingerBytes; {
		b, m, err := c.tr.ReadBlock()
		if err != nil {
			break
		}
		n += m
		b.Free()
	}
	c.tr.Rd.Bound(time.Time{})
}
