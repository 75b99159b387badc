package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// Once the peer's close frame has been read, or a breach of the protocol, nothing more
// is. What is left to do is the teardown: our close frame goes out, if none has; the
// connection ends, and with it every call and Conn.Context; what the peer still sends
// is drained; the transport is closed. It may take time, which no caller has to wait
// for, so that a goroutine of its own sees to it. Its bounds are CloseTimeout for the
// frame, and again for the peer to close; or lingerTime.

const (
	// After our last frame we read on for this long, and this much, so that
	// bytes of the peer on their way do not make our side answer with a reset,
	// which would overtake the close frame.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

// startTeardown starts the teardown. payload is that of our close frame, and breach what the
// peer did wrong, or nil. due, if not nil, is closed unless the program sends the frame.
// The caller has the turn to read, and must touch nothing of it after endRead.
func (c *Conn) startTeardown(payload []byte, breach *Error, due <-chan struct{}) {
	turn := make(chan struct{})
	c.closing.handOver = turn
	c.closing.tearingDown.Store(true)
	go func() {
		if due != nil {
			c.awaitAnswer(due)
		}
		begun := time.Now()
		sent := c.sendLastClose(payload, breach)
		<-turn
		c.in.kept = nil // nobody can read it
		c.in.share.resize(0)
		if sent {
			c.drainAndClose(begun, breach != nil)
		}
		c.in.dropBlock()
		c.in.turn.unlock()
		c.releaseIfEnded()
	}()
}

// awaitEnd waits for the end of the connection, or of ctx.
func (c *Conn) awaitEnd(ctx context.Context) {
	select {
	case <-c.ctx.Done():
	case <-ctx.Done():
	}
}

// sendLastClose sends our close frame, or waits until it is out, and ends the connection. It
// reports whether the transport is left for the caller to drop: it is if the frame is
// out.
func (c *Conn) sendLastClose(payload []byte, breach *Error) bool {
	var cause error = errClosed
	if breach != nil {
		cause = breach
	}
	if d := c.teardownTimeout(); d >= 0 {
		// The end of the connection ends a write wherever its deadline does not.
		late := time.AfterFunc(d, func() { c.end(cause) })
		defer late.Stop()
	}
	ours, err := c.sendClose(context.Background(), payload)
	switch {
	case breach == nil:
		if c.ending.writeFailed.Load() {
			c.ending.recordPeerClosed() // no frame of ours came before it
		}
		c.ending.record(errClosed) // unless the peer was first
	case ours:
		code, _, _ := wire.ConsumeClose(payload)
		c.ending.recordCode(breach, code)
	}
	c.closing.draining.Store(err == nil)
	c.end(cause)
	return err == nil
}

// teardownTimeout returns how long our close frame may take after the peer's, or a
// negative number if WriteTimeout is bound enough. Nobody may be waiting for the frame,
// so that it has a bound even if all are turned off.
func (c *Conn) teardownTimeout() time.Duration {
	if c.closeWithin < 0 && c.writeWithin < 0 {
		return DefaultWriteTimeout
	}
	return c.closeWithin
}

// drainAndClose closes the transport once our close frame is out: after a closing handshake,
// which began then, the server at once and the client after the server (RFC 6455,
// section 7.1.1). The caller has the turn to read.
func (c *Conn) drainAndClose(began time.Time, failed bool) {
	until := time.Now().Add(lingerTime)
	if !failed && c.in.dec.Role == wire.Client && c.closeWithin >= 0 {
		until = began.Add(c.closeWithin)
	}
	// Not all transports obey deadlines, and to tell the peer may take time as well.
	late := time.AfterFunc(time.Until(until)+probeTime, c.tr.close)
	defer late.Stop()
	switch {
	case !failed && c.in.dec.Role == wire.Client:
		c.drain(until)
	case failed || len(c.in.unread) > 0 || !c.tr.quiet():
		if c.tr.closeWrite() == nil || c.tr.resets() {
			c.drain(until)
		}
	}
	c.tr.close()
}

// drain reads and drops what the peer still sends. The caller has the turn to read.
func (c *Conn) drain(until time.Time) {
	if c.tr.rd.follow(context.Background()) != nil {
		return
	}
	c.tr.rd.bound(until)
	for n := 0; n < lingerBytes; {
		b, m, err := c.tr.readBlock()
		if err != nil {
			break
		}
		n += m
		putBlock(b)
	}
	c.tr.rd.bound(time.Time{})
}
