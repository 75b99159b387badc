package websocket

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// closing is how far the closing handshake has come (RFC 6455, section 7).
type closing struct {
	local    atomic.Bool // Close was called before the peer's close frame came
	sent     atomic.Bool // our close frame is on its way; set in the turn to write frames, under outgoing.mu
	out      atomic.Bool // all of it is out
	received atomic.Bool // the peer's close frame came
	dropped  atomic.Bool // our side has closed, and wants nothing of what was kept

	// The context of the Close that reads, if one does. It belongs to whoever has
	// the turn to read.
	reader context.Context
}

const (
	// After our last frame we read on for this long, and this much, so that
	// bytes of the peer on their way do not make our side answer with a reset,
	// which would overtake the close frame.
	lingerTime  = time.Second
	lingerBytes = 1 << 20
)

var errLingered = errors.New("peer did not close the connection in time")

// errCloseTimeout is a [context.DeadlineExceeded].
var errCloseTimeout = fmt.Errorf("closing handshake was not completed within Limits.CloseTimeout: %w", context.DeadlineExceeded)

// Close performs the closing handshake: it sends a close frame, waits for the
// peer's, drops messages that come before it, and closes the connection (RFC 6455,
// section 7.1.2). If another goroutine reads, that one sees the peer's frame, and
// its read returns an error that matches [net.ErrClosed].
//
// A reason is at most 123 bytes of UTF-8; a longer one is cut. With
// StatusNoStatusReceived the frame is empty. A code that must not be sent (section
// 7.4) is replaced by StatusInternalError, and a reason that cannot be sent by none; the
// error then says so, and the connection is closed all the same.
//
// Close waits for the peer until ctx ends, but no longer than Limits.CloseTimeout;
// the connection is closed in any case. The error is nil if both close frames were
// exchanged, with the code and the reason given. If the connection has ended before, the
// error wraps the cause, such as the peer's [*CloseError]. A program that closes many
// connections, or must not be held up by a slow peer, calls it on a goroutine of its own.
func (c *Conn) Close(ctx context.Context, code StatusCode, reason string) error {
	defer c.drop()
	if c.ctx.Err() != nil {
		return c.fault("close", nil)
	}
	p, refused := closePayload(code, reason)
	ctx, cancel := c.closeContext(ctx)
	defer cancel()
	if !c.closing.received.Load() {
		c.closing.local.Store(true)
	}
	err := c.exchangeClose(ctx, p)
	late := contextError(ctx)
	if late != nil {
		err = late // whatever broke because of it
	}
	if c.closing.received.Load() && c.closing.out.Load() {
		err = nil
	}
	ended := c.ctx.Err() != nil // by the reader, with an error for everybody
	c.end(errClosed)
	switch {
	case refused != nil:
		err = refused
	case err == nil:
		return nil
	case ended && late == nil:
		return c.fault("close", nil)
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
// connection that broke. Calls after the first do nothing. It returns nil.
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

// errClosed is the cause of a connection that our side closed.
var errClosed = &Error{Op: "close", Err: net.ErrClosed, closed: true, local: true}

// closedWell reports whether err is a connection that was closed as it should be.
func closedWell(err error) bool {
	switch e := err.(type) {
	case *CloseError:
		return e.Code == StatusNormalClosure || e.Code == StatusGoingAway || e.Code == StatusNoStatusReceived
	case *Error:
		return e.Err == net.ErrClosed
	}
	return false
}

func (c *Conn) closeContext(ctx context.Context) (context.Context, context.CancelFunc) {
	if c.closeWithin < 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, c.closeWithin, errCloseTimeout)
}

// closingContext bounds what is left to do once a close frame has come or is due:
// by the Close that reads, if one does.
func (c *Conn) closingContext() (context.Context, context.CancelFunc) {
	if c.closing.reader != nil {
		return c.closeContext(c.closing.reader)
	}
	return c.closeContext(context.Background())
}

// sendClose sends a close frame, if none is out yet; ours tells which. When it
// returns without an error one is out.
func (c *Conn) sendClose(ctx context.Context, payload []byte) (ours bool, err error) {
	first, err := c.lockForClose(ctx)
	if err != nil {
		return false, c.fault("close", err)
	}
	defer c.unlockFrames()
	if !first {
		if !c.closing.out.Load() {
			return false, c.fault("close", net.ErrClosed) // it could not be written
		}
		return false, nil
	}
	c.ending.recordSent(payload)
	err = c.writeLocked(ctx, "close", frame{
		Header:  wire.Header{Fin: true, Opcode: wire.OpClose},
		payload: payload,
		keep:    true,
	})
	if err == nil {
		c.closing.out.Store(true)
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
func (c *Conn) exchangeClose(ctx context.Context, payload []byte) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sent := make(chan error, 1) // nil also if reading has a bound of its own
	go func() {
		_, err := c.sendClose(ctx, payload)
		if c.ending.writeFailed.Load() {
			err = nil
		}
		if err != nil {
			cancel()
		}
		sent <- err
	}()
	err := c.awaitClose(ctx)
	if e := <-sent; e != nil {
		return e
	}
	return err
}

// awaitClose reads until the peer's close frame, unless another reader does.
func (c *Conn) awaitClose(ctx context.Context) error {
	if err := c.lockRead(ctx); err != nil {
		return err
	}
	defer c.endRead()
	if c.ctx.Err() != nil {
		return c.fault("close", nil)
	}
	c.closing.reader = ctx
	for {
		if err := c.nextPiece(ctx); err != nil {
			return err
		}
		c.in.piece = nil
	}
}

// peerClosed ends the connection on the peer's close frame, after the answer: "If
// an endpoint receives a Close frame and did not previously send a Close frame,
// the endpoint MUST send a Close frame in response" (RFC 6455, section 5.5.1).
func (c *Conn) peerClosed(payload []byte) error {
	c.peerClosing(payload)
	c.readOver()
	ctx, cancel := c.closingContext()
	defer cancel()
	code, _, _ := wire.ConsumeClose(payload)
	answer, _ := wire.AppendClose(nil, code, "")
	_, err := c.sendClose(ctx, answer)
	if c.ending.writeFailed.Load() {
		c.ending.recordPeerClosed() // no frame of ours came before it
	}
	c.ending.record(errClosed) // unless the peer was first
	if err == nil {
		c.dropTCP(ctx)
	}
	c.end(errClosed)
	return c.fault("read", nil)
}

// peerClosing records the peer's close frame, before anything is answered.
func (c *Conn) peerClosing(payload []byte) {
	c.ending.recordReceived(payload)
	if !c.closing.sent.Load() {
		c.ending.recordPeerClosed()
	}
	c.closing.received.Store(true)
}

// failRead fails the connection (RFC 6455, section 7.1.7): err is what the peer
// did wrong. The close frame tells the peer.
func (c *Conn) failRead(err error) error {
	e := &Error{Op: "read", Err: err, closed: true}
	foreseen := c.leftover() // what comes after the breach may be the cause already
	c.ending.record(e)
	c.in.unread, c.in.piece = nil, nil // nothing after a breach is read
	c.readOver()
	code, reason := closeStatus(err, nil)
	ctx, cancel := c.closingContext()
	defer cancel()
	p, _ := wire.AppendClose(nil, code, reason)
	ours, err := c.sendClose(ctx, p)
	if ours {
		c.ending.recordCode(e, code)
	}
	if err == nil {
		c.linger(ctx)
	}
	c.end(e)
	if foreseen {
		return e
	}
	err = c.fault("read", nil)
	if own, ok := err.(*Error); ok {
		own.later = false
	}
	return err
}

// dropTCP closes the connection after a complete closing handshake: the server at
// once, the client after the server (RFC 6455, section 7.1.1).
func (c *Conn) dropTCP(ctx context.Context) {
	if c.in.dec.Role == wire.Client {
		until, ok := ctx.Deadline()
		if !ok {
			until = time.Now().Add(lingerTime)
		}
		c.drain(ctx, until)
		return
	}
	if len(c.in.unread) > 0 || !c.tr.quiet() {
		c.linger(ctx)
	}
}

// linger ends our side of the stream, where that can be told, and reads on until the
// peer ends its own.
func (c *Conn) linger(ctx context.Context) {
	if c.tr.closeWrite() == nil || c.tr.resets() {
		c.drain(ctx, time.Now().Add(lingerTime))
	}
}

// drain reads and drops what the peer still sends. The caller has the turn to read.
func (c *Conn) drain(ctx context.Context, until time.Time) {
	if c.tr.rd.follow(ctx) != nil {
		return
	}
	// The connection is closed next anyhow, and not all transports have deadlines.
	late := time.AfterFunc(time.Until(until)+probeTime, c.tr.close)
	defer late.Stop()
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
