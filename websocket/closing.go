package websocket

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// closing is how far the closing handshake has come (RFC 6455, section 7).
type closing struct {
	local       atomic.Bool                   // Close was called before the peer's close frame came
	sent        atomic.Bool                   // our close frame is on its way; set in the turn to write frames, under outgoing.mu
	out         atomic.Bool                   // all of it is out
	received    atomic.Bool                   // the peer's close frame came
	handled     atomic.Bool                   // and the program answers it
	dropped     atomic.Bool                   // our side has closed, and wants nothing of what was kept
	tearingDown atomic.Bool                   // the teardown is on its way
	draining    atomic.Bool                   // the transport is left to it
	over        atomic.Bool                   // out is set, or will not be
	watched     atomic.Pointer[chan struct{}] // closed with over; nil unless OnControl was called

	// These belong to the holder of the turn to read.
	reads    bool          // a Close has read, and perhaps dropped the beginning of a message
	handOver chan struct{} // hands the turn to the teardown, if one waits for it
}

// Close performs the closing handshake: it sends a close frame, waits for the
// peer's, and drops messages that come before it (RFC 6455, section 7.1.2). If another
// goroutine reads, that one sees the peer's frame, and its read returns an error that
// matches [net.ErrClosed].
//
// A reason is at most 123 bytes of UTF-8; a longer one is cut. With
// StatusNoStatusReceived the frame is empty. A code that must not be sent (section
// 7.4) is replaced by StatusInternalError, and a reason that cannot be sent by none; the
// error then says so, and the connection is closed all the same.
//
// Close waits until ctx ends, but no longer than Limits.CloseTimeout. The connection has
// ended when it returns. If both close frames were exchanged, TCP is closed in the
// background: by a server at once, by a client once the server has closed it or
// Limits.CloseTimeout has passed again. Otherwise it is closed already. If ctx has ended
// before the call, Close does not wait for the peer. It still sends its frame if the
// transport takes it at once, for which it waits 5 ms where that cannot be told
// otherwise.
//
// The error is nil if both close frames were exchanged, with the code and the reason
// given. If the connection has ended before, the error wraps the cause, such as the
// peer's [*CloseError]. A program that closes many connections, or must not be held up by
// a slow peer, calls Close on a goroutine of its own.
func (c *Conn) Close(ctx context.Context, code StatusCode, reason string) error {
	defer c.drop()
	if c.ctx.Err() != nil {
		return c.opError("close", nil)
	}
	p, refused := closePayload(code, reason)
	ctx, cancel := c.closeContext(ctx)
	defer cancel()
	if !c.closing.received.Load() {
		c.closing.local.Store(true)
	}
	err := c.exchangeClose(ctx, p)
	if c.closing.received.Load() && c.closing.out.Load() {
		err = nil
		<-c.ctx.Done() // at any moment: the teardown has nothing to wait for
	}
	ended := c.ctx.Err() != nil // by the reader, with an error for everybody
	c.end(errClosed)
	switch {
	case refused != nil:
		err = refused
	case err == nil:
		return nil
	case ended && !isInterrupt(err):
		return c.opError("close", nil)
	}
	received, _ := c.ending.known("close")
	return &Error{Op: "close", Err: bare(err), closed: true, received: received}
}

// closePayload returns the payload of a close frame. What cannot be sent is left out,
// and is the error.
func closePayload(code StatusCode, reason string) ([]byte, error) {
	p, err := wire.AppendClose(nil, code, reason)
	if err == nil {
		return p, nil
	}
	if p, e := wire.AppendClose(nil, code, ""); e == nil {
		return p, fmt.Errorf("closed without the reason: %w", err)
	}
	p, _ = wire.AppendClose(nil, StatusInternalError, "")
	return p, fmt.Errorf("code %d, for which %v was sent: %w", code, StatusInternalError, err)
}

// CloseNow drops the connection without a closing handshake. The peer sees a
// connection that broke. If the connection has ended with our close frame, CloseNow does
// nothing: TCP is closed in the background, so that the frame is not lost. Calls after
// the first do nothing. It returns nil.
func (c *Conn) CloseNow() error {
	c.end(errClosed)
	c.drop()
	return nil
}

// Abort is CloseNow with a cause, such as a peer that no longer answers: later calls
// return an [*Error] that wraps it, [Conn.Messages] yields that error, and
// [Conn.Closure] and [context.Cause] of [Conn.Context] tell it. If the connection has
// ended already, its cause stays as it is. A nil cause makes Abort a CloseNow.
func (c *Conn) Abort(cause error) {
	if cause == nil {
		cause = net.ErrClosed
	}
	c.ending.record(&Error{Op: "close", Err: cause, closed: true, local: true, later: true})
	c.end(errClosed)
	c.drop()
}

// drop parts with what is left to be read of a connection that has ended.
func (c *Conn) drop() {
	c.closing.dropped.Store(true)
	c.releaseIfEnded()
}

func (c *Conn) closeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.closeWithin < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.closeWithin, errCloseTimeout)
}

// sendClose sends a close frame, if none is out yet; ours tells which. When it
// returns without an error one is out.
func (c *Conn) sendClose(ctx context.Context, payload []byte) (ours bool, err error) {
	first, err := c.lockForClose(ctx)
	if err != nil {
		return false, c.opError("close", err)
	}
	defer c.unlockFrames()
	if !first {
		if !c.closing.out.Load() {
			return false, c.opError("close", net.ErrClosed) // it could not be written
		}
		return false, nil
	}
	if !c.ending.recordSent(payload) {
		return false, c.opError("close", nil)
	}
	err = c.writeLocked(ctx, "close", frame{
		Header:  wire.Header{Fin: true, Opcode: wire.OpClose},
		payload: payload,
		keep:    true,
	})
	if err == nil {
		c.closing.setOut()
	}
	return err == nil, err
}

// lockForClose takes the turn to write frames for a close frame; first reports
// whether it is ours to send. No frame can follow that one: those that were postponed
// just as the turn came go out before it, and from then on none is postponed.
func (c *Conn) lockForClose(ctx context.Context) (first bool, err error) {
	o := &c.out
	for {
		if err := o.frames.lock(ctx, c.ctx); err != nil {
			return false, err
		}
		o.mu.Lock()
		if len(o.late) == 0 {
			first = !c.closing.sent.Swap(true)
			o.mu.Unlock()
			return first, nil
		}
		o.mu.Unlock()
		c.unlockFrames()
	}
}

// exchangeClose sends a close frame and reads until the peer's has come. It does
// both at once: a peer that waits for us to read may not read itself before.
//
// The frame is not bound by a ctx that ends at once: a transport that takes it without
// a wait shall do so.
func (c *Conn) exchangeClose(ctx context.Context, payload []byte) error {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	sending, stop := outlive(ctx, probeTime)
	defer stop()
	sent := make(chan error, 1) // nil also if reading has a bound of its own
	go func() {
		_, err := c.sendClose(sending, payload)
		if c.ending.writeFailed.Load() {
			err = nil
		}
		if err != nil {
			cancel()
		}
		sent <- err
	}()
	err := c.awaitClose(reading)
	if e := <-sent; e != nil {
		err = e
	}
	switch e := contextError(ctx); {
	case err == nil || e == nil:
		return err
	case c.isEnd(e):
		return c.opError("close", nil)
	default:
		return e // and not what has come of it
	}
}

// outlive returns a context that ends with ctx, but not before d has passed.
func outlive(ctx context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	begun := time.Now()
	longer, cancel := context.WithCancel(context.Background())
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(d-time.Since(begun), cancel) })
	return longer, func() { stop(); cancel() }
}

// awaitClose reads until the peer's close frame, unless another reader does.
func (c *Conn) awaitClose(ctx context.Context) error {
	if err := c.lockRead(ctx); err != nil {
		return err
	}
	defer c.endRead()
	if c.ctx.Err() != nil {
		return c.opError("close", nil)
	}
	c.closing.reads = true
	for {
		if err := c.nextPiece(ctx); err != nil {
			return err
		}
		c.in.piece = nil
	}
}

// answerClose ends the connection on the peer's close frame, after the answer: "If
// an endpoint receives a Close frame and did not previously send a Close frame,
// the endpoint MUST send a Close frame in response" (RFC 6455, section 5.5.1).
func (c *Conn) answerClose(ctx context.Context, payload []byte) error {
	first := c.recordClose(payload)
	c.readOver()
	code, _, _ := wire.ConsumeClose(payload)
	answer, _ := wire.AppendClose(nil, code, "")
	if f := c.onControl.Load(); f == nil {
		c.startTeardown(answer, nil, nil)
	} else {
		due := make(chan struct{})
		c.startTeardown(answer, nil, due) // f may close the connection, which waits for that
		if (*f)(wire.OpClose, payload) && first && c.canWrite() {
			c.closing.handled.Store(true)
			return c.opError("read", nil) // nobody has to read on for the answer
		}
		close(due)
	}
	c.awaitEnd(ctx)
	return c.opError("read", contextError(ctx))
}

// recordClose records the peer's close frame, before anything is answered. It reports
// whether the peer was first.
func (c *Conn) recordClose(payload []byte) (first bool) {
	c.ending.recordReceived(payload)
	if first = !c.closing.sent.Load(); first {
		c.ending.recordPeerClosed()
	}
	c.closing.received.Store(true)
	return first
}

// watch makes awaitAnswer possible.
func (g *closing) watch() {
	if g.watched.Load() == nil {
		ch := make(chan struct{})
		g.watched.CompareAndSwap(nil, &ch)
	}
}

// setOut notes that all of our close frame is out.
func (g *closing) setOut() {
	g.out.Store(true)
	g.setOver()
}

// setOver notes that there is no use in waiting for our close frame.
func (g *closing) setOver() {
	if g.over.Swap(true) {
		return
	}
	if ch := g.watched.Load(); ch != nil {
		close(*ch)
	}
}

// awaitAnswer gives the program time to answer the peer's close frame, until due is closed
// because it does not.
func (c *Conn) awaitAnswer(due <-chan struct{}) {
	over := *c.closing.watched.Load() // OnControl was called
	if c.closing.over.Load() {
		return // perhaps before that
	}
	limit := c.closeWithin
	if limit < 0 {
		limit = DefaultCloseTimeout
	}
	late := time.NewTimer(limit)
	defer late.Stop()
	select {
	case <-due:
	case <-over:
	case <-late.C:
	case <-c.ctx.Done():
	}
}

// writeClose sends a close frame and does not wait for the peer's.
func (c *Conn) writeClose(ctx context.Context, payload []byte) error {
	if _, _, err := wire.ConsumeClose(payload); err != nil || len(payload) > wire.MaxControlPayload {
		if err == nil {
			err = wire.ErrControlTooLong
		}
		return c.opError("close", err)
	}
	if err := contextError(ctx); err != nil {
		return c.opError("close", err)
	}
	ours, err := c.sendClose(ctx, payload)
	if err == nil && !ours {
		err = c.opError("close", net.ErrClosed)
	}
	return err
}
