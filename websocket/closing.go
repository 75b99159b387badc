package websocket

import (
	"context"
	"fmt"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// closing is the state of the closing handshake (RFC 6455, section 7).
type closing struct {
	local       atomic.Bool // Close was called before the peer's close frame arrived
	sent        atomic.Bool // our close frame is being written; set with out.frames and out.mu held
	out         atomic.Bool // all of our close frame is written
	received    atomic.Bool // the peer's close frame has arrived
	handled     atomic.Bool // the program answers the peer's close frame
	dropped     atomic.Bool // our side has closed, and unread messages are dropped
	tearingDown atomic.Bool // the teardown has begun
	draining    atomic.Bool // the teardown, or hangUp, closes the transport
	over        atomic.Bool // out is set, or never will be
	readClosed  atomic.Bool // CloseRead was called

	// These belong to the holder of the turn to read.
	reads    bool          // Close has read, and may have dropped the beginning of a message
	released bool          // releaseIfEnded has freed everything; under Conn.releasing
	handOver chan struct{} // closing it hands the turn to the teardown; nil without one

	watched atomic.Pointer[chan struct{}] // closed when over is set; nil unless OnControl was called
}

// Close performs the closing handshake: it sends a close frame, waits for the peer's, and drops
// messages that arrive before that (RFC 6455, section 7.1.2). If another goroutine reads, its read
// sees the peer's frame and returns an error that matches [net.ErrClosed].
//
// A reason is at most 123 bytes of UTF-8. A longer one is truncated. With StatusNoStatusReceived
// the frame is empty. A code that must not be sent (section 7.4) is replaced by
// StatusInternalError, and an invalid reason is left out. The error then says so, and the
// connection is closed all the same.
//
// Close waits until ctx ends, but no longer than Limits.CloseTimeout. When it returns, the
// connection has ended. If both close frames were exchanged, TCP is closed in the background: by a
// server at once or within a second, by a client when the server has closed it or another
// Limits.CloseTimeout has passed. Otherwise TCP is closed already, or within a second if ctx ended
// less than a second after the call. If ctx has ended before the call, Close does not wait for the
// peer. It still sends its frame if the transport takes it at once. Over a transport that does not
// show this in advance, Close waits 5 ms.
//
// The error is nil if both close frames were exchanged, with the given code and reason. If the
// connection had ended before, the error wraps the cause, such as the peer's [*CloseError]. A
// program that closes many connections, or must not wait for a slow peer, calls Close on a separate
// goroutine.
func (c *Conn) Close(ctx context.Context, code StatusCode, reason string) error {
	defer c.drop()
	if c.ctx.Err() != nil {
		return c.opError("close", nil)
	}
	began := time.Now()
	p, refused := closePayload(code, reason)
	ctx, cancel := c.closeContext(ctx)
	defer cancel()
	if !c.closing.received.Load() {
		c.closing.local.Store(true)
	}
	err := c.exchangeClose(ctx, p)
	if c.closing.received.Load() && c.closing.out.Load() {
		err = nil
		<-c.ctx.Done() // soon: the teardown has nothing left to wait for
	}
	ended := c.ctx.Err() != nil // by the reader, with an error for all calls
	if context.Cause(ctx) == errCloseTimeout || time.Since(began) >= lingerTime {
		c.end(errClosed) // the frame has arrived, or never will
	} else {
		c.hangUp()
	}
	<-c.ended()
	switch {
	case refused != nil:
		err = refused
	case err == nil:
		return nil
	case ended && !transport.IsInterrupt(err):
		return c.opError("close", nil)
	}
	received, _ := c.ending.known("close")
	return &Error{Op: "close", Err: bare(err), closed: true, received: received}
}

// closePayload returns the payload of a close frame, and an error if code or reason is invalid.
func closePayload(code StatusCode, reason string) ([]byte, error) {
	p, err := wire.AppendClose(nil, code, reason)
	if err == nil {
		return p, nil
	}
	if p, e := wire.AppendClose(nil, code, ""); e == nil {
		return p, fmt.Errorf("closed without the reason: %w", err)
	}
	p, _ = wire.AppendClose(nil, StatusInternalError, "")
	return p, fmt.Errorf("closed with %v instead of code %d: %w", StatusInternalError, code, err)
}

// CloseNow closes the connection without a closing handshake. The peer sees a broken connection. If
// our close frame has already been sent, TCP is closed in the background, within a second, so that
// the frame is not lost. Later calls do nothing. It always returns nil.
//
// Once Shutdown of the connection's [Group] has begun, CloseNow first sends a close frame with
// StatusGoingAway, if none was sent and the transport takes it within a second, or within 5 ms if
// the context of Shutdown has ended.
func (c *Conn) CloseNow() error {
	defer c.drop()
	if d := c.group.patience(); d > 0 && c.ctx.Err() == nil { // Serve may be faster than Shutdown
		ctx, cancel := context.WithTimeout(context.Background(), d)
		defer cancel()
		p, _ := closePayload(StatusGoingAway, "")
		_, _ = c.sendClose(ctx, p)
	}
	c.hangUp()
	return nil
}

// Abort is CloseNow with a cause, such as a peer that no longer answers. Later calls return an
// [*Error] that wraps the cause, [Conn.Messages] yields that error, and [Conn.Closure] and
// [context.Cause] of [Conn.Context] return it. If the connection has already ended, its cause does
// not change. With a nil cause, Abort is CloseNow.
func (c *Conn) Abort(cause error) {
	if cause == nil {
		cause = net.ErrClosed
	}
	c.ending.record(&Error{Op: "close", Err: cause, closed: true, local: true, later: true})
	_ = c.CloseNow()
}

// drop drops the messages that could still be read after the connection has ended.
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

// sendClose sends a close frame unless one was sent before, and reports whether it did. When it
// returns without an error, a close frame has been written.
func (c *Conn) sendClose(ctx context.Context, payload []byte) (ours bool, err error) {
	first, err := c.lockForClose(ctx)
	if err != nil {
		return false, c.opError("close", err)
	}
	defer c.unlockFrames()
	if !first {
		if !c.closing.out.Load() {
			return false, c.opError("close", net.ErrClosed) // writing it has failed
		}
		return false, nil
	}
	if !c.ending.recordSent(payload) {
		return false, c.opError("close", nil)
	}
	err = c.writeLocked(ctx, "close", &frame{
		Header:  wire.Header{Fin: true, Opcode: wire.OpClose},
		payload: payload,
		keep:    true,
	})
	if err == nil {
		c.closing.setOut()
	}
	return err == nil, err
}

// lockForClose takes out.frames for a close frame, and reports whether the caller is the first to
// send one. No frame can follow a close frame. Frames that were postponed until now are written
// before it, and from then on none is postponed.
func (c *Conn) lockForClose(ctx context.Context) (first bool, err error) {
	o := &c.out
	for {
		if err := o.frames.Lock(ctx, c.ctx); err != nil {
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

// exchangeClose sends a close frame and reads until the peer's arrives. It does both at once,
// because a peer may read only after we have read from it.
//
// If ctx has ended already, the frame is still sent if the transport takes it without a wait.
func (c *Conn) exchangeClose(ctx context.Context, payload []byte) error {
	reading, cancel := context.WithCancel(ctx)
	defer cancel()
	patience := transport.ProbeTime
	if ctx.Err() != nil { // Shutdown may be sending the frame
		patience = max(patience, c.group.patience())
	}
	sending, stop := outlive(ctx, patience)
	defer stop()
	sent := make(chan error, 1) // nil also if writing failed, after which reading is limited
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
	switch e := transport.Ended(ctx); {
	case err == nil || e == nil:
		return err
	case c.isEnd(e):
		return c.opError("close", nil)
	default:
		return e // rather than its consequences
	}
}

// outlive returns a context that ends with ctx, but at the earliest after d.
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

// answerClose answers the peer's close frame and ends the connection: "If an endpoint receives a
// Close frame and did not previously send a Close frame, the endpoint MUST send a Close frame in
// response" (RFC 6455, section 5.5.1). The teardown sends the answer, or OnControl's function.
func (c *Conn) answerClose(ctx context.Context, payload []byte) error {
	first := c.recordClose(payload)
	c.readOver()
	code, _, _ := wire.ConsumeClose(payload)
	answer, _ := wire.AppendClose(nil, code, "")
	if f := c.onControl.Load(); f == nil {
		c.startTeardown(answer, nil, nil)
	} else {
		due := make(chan struct{})
		c.startTeardown(answer, nil, due) // before f, which may call Close, which waits for the teardown
		if (*f)(wire.OpClose, payload) && first && c.canWrite() {
			c.closing.handled.Store(true)
			return c.opError("read", nil) // the answer needs no reader
		}
		close(due)
	}
	c.awaitEnd(ctx)
	return c.opError("read", transport.Ended(ctx))
}

// recordClose records the peer's close frame before it is answered. It reports whether the peer was
// first.
func (c *Conn) recordClose(payload []byte) (first bool) {
	c.ending.recordReceived(payload)
	if first = !c.closing.sent.Load(); first {
		c.ending.recordPeerClosed()
	}
	c.closing.received.Store(true)
	return first
}

// watch makes the channel that awaitAnswer waits for.
func (g *closing) watch() {
	if g.watched.Load() == nil {
		ch := make(chan struct{})
		g.watched.CompareAndSwap(nil, &ch)
	}
}

// setOut records that all of our close frame is written.
func (g *closing) setOut() {
	g.out.Store(true)
	g.setOver()
}

// setOver records that no call needs to wait for our close frame any longer.
func (g *closing) setOver() {
	if g.over.Swap(true) {
		return
	}
	if ch := g.watched.Load(); ch != nil {
		close(*ch)
	}
}

// awaitAnswer waits for the program to answer the peer's close frame, until due is closed because
// the program does not.
func (c *Conn) awaitAnswer(due <-chan struct{}) {
	over := *c.closing.watched.Load() // not nil: OnControl was called
	if c.closing.over.Load() {
		return // it may have been set before watched
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
	if err := transport.Ended(ctx); err != nil {
		return c.opError("close", err)
	}
	ours, err := c.sendClose(ctx, payload)
	if err == nil && !ours {
		err = c.opError("close", net.ErrClosed)
	}
	return err
}
