package websocket

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// ending records the end of a connection. A fact is recorded before it is acted on, and the first
// one is kept: the peer's close frame or violation takes precedence over any failure of this side.
type ending struct {
	mu       sync.Mutex
	cause    error  // a *CloseError or an *Error; final once it is set
	failure  *Error // why writing failed
	sent     CloseFrame
	received CloseFrame
	byPeer   bool
	lost     bool // the transport failed to write, as opposed to a limit of ours
	readOver bool // nothing is left to read
	finished bool // the connection has ended, and nothing here changes any more

	// writeFailed and last are set once nothing more can be sent. Reading goes on: see
	// write_failed.go.
	writeFailed atomic.Bool
	last        *lastReads
}

// record makes err the cause, unless there is one already.
func (e *ending) record(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause == nil {
		e.cause = err
	}
}

// recordSent records the close frame that is about to be written. It reports false if the
// connection has ended, and the frame must not be written.
func (e *ending) recordSent(payload []byte) bool {
	f := parseClose(payload)
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.finished {
		e.sent = f
	}
	return !e.finished
}

func (e *ending) recordReceived(payload []byte) {
	f := parseClose(payload)
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.received.Code == 0 && !e.finished {
		e.received = f
	}
}

// recordPeerClosed makes the peer's close frame the cause. It arrived before we sent one.
func (e *ending) recordPeerClosed() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause == nil {
		e.byPeer = true
		e.cause = &CloseError{Code: e.received.Code, Reason: e.received.Reason}
	}
}

// parseClose parses the payload of a close frame, which has been validated.
func parseClose(payload []byte) CloseFrame {
	code, reason, _ := wire.ConsumeClose(payload)
	return CloseFrame{code, string(reason)}
}

// recordFailure records that writing has failed with err, and whether the transport is lost.
func (e *ending) recordFailure(err *Error, lost bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.failure == nil {
		e.failure, e.lost = err, lost
		now := time.Now()
		e.last = &lastReads{began: now, readAt: now, wait: lingerTime, bytes: maxLast}
		e.last.left.Store(e.cause == nil && !e.readOver) // otherwise the reader has finished
	}
	e.writeFailed.Store(true)
}

// recordLoss records that the peer's stream ended with err, without a close frame. That explains a
// write that failed, but not a limit that was exceeded before.
func (e *ending) recordLoss(err *Error, byPeer bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause == nil && (e.failure == nil || e.lost) {
		e.cause, e.byPeer = err, byPeer
	}
}

// recordCode records the status code that was sent because of err, if err is the cause.
func (e *ending) recordCode(err *Error, code StatusCode) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause == err && !e.finished {
		coded := *err // another goroutine may be reading it
		coded.Code = code
		e.cause = &coded
	}
}

// finish fixes the record as the connection ends, and returns the cause: the recorded one, else the
// write that failed, else last. first is set for one call.
func (e *ending) finish(last error) (cause error, first bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.finished {
		return e.cause, false
	}
	e.finished = true
	switch {
	case e.cause != nil:
	case e.failure != nil:
		e.cause = e.failure
	default:
		e.cause = last
	}
	if own, ok := e.cause.(*Error); ok && own.received != e.received.Code {
		amended := *own // another goroutine may be reading it
		amended.received = e.received.Code
		e.cause = &amended
	}
	return e.cause, true
}

// known returns the error with which operations like op fail from now on, or nil, and the code of
// the peer's close frame, or 0.
func (e *ending) known(op string) (received StatusCode, cause error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.cause == nil && e.failure != nil && op != "read" {
		return e.received.Code, e.failure
	}
	return e.received.Code, e.cause
}

// stop stops the timer once the connection has ended.
func (e *ending) stop() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.last != nil && e.last.timer != nil {
		e.last.timer.Stop()
	}
}

// closure returns what is recorded. ended is whether the connection's context has ended, and sent
// whether our close frame is out.
func (e *ending) closure(ended, sent bool) Closure {
	e.mu.Lock()
	defer e.mu.Unlock()
	v := Closure{Received: e.received, ByPeer: e.byPeer}
	if ended {
		v.Err = e.cause
	}
	if sent {
		v.Sent = e.sent
	}
	v.Clean = v.Sent.Code != 0 && v.Received.Code != 0
	return v
}

// end ends the connection, and closes the transport unless the teardown will do so. The cause is
// the recorded one, or last.
func (c *Conn) end(last error) {
	cause, first := c.ending.finish(last)
	c.ctx.End(cause)
	if !c.closing.draining.Load() {
		c.closeTransport()
	}
	c.ending.stop()
	if c.keepalive != nil {
		c.keepalive.Stop()
	}
	c.releaseIfEnded()
	if first && c.events != nil {
		c.events.end(c)
	}
}

// closeTransport closes the transport, after which the connection keeps no place for it.
func (c *Conn) closeTransport() {
	if c.tr.Close() {
		c.group.leave(c, holdTransport)
	}
}

// releaseIfEnded frees what an ended connection holds, as soon as no goroutine reads or writes a
// message and nothing is left to read. It is called whenever a turn is given back, so that the last
// call succeeds. out.messages stays taken. A later holder of in.turn sees that nothing is left to
// read.
func (c *Conn) releaseIfEnded() {
	if !c.ctx.Ended() || c.leftover() {
		return
	}
	c.releasing.Lock()
	defer c.releasing.Unlock()
	if c.closing.released || !c.in.turn.TryLock() {
		return
	}
	defer c.in.turn.Unlock()
	if !c.out.messages.TryLock() {
		return
	}
	c.closing.released = true
	c.tr.Rd.Unfollow()
	c.in.dropBlock()
	c.in.kept = nil
	c.in.share.Resize(0)
	if c.in.ext != nil {
		c.in.ext.Release()
		c.in.ext = nil
	}
	closeSession(c.session)
}

// failConnection fails the connection (RFC 6455, section 7.1.7) because of err, a violation by the
// peer. It sends the peer a close frame.
func (c *Conn) failConnection(ctx context.Context, err error) error {
	e := &Error{Op: "read", Err: err, closed: true}
	foreseen := c.leftover() // a later fact may be recorded as the cause already
	c.ending.record(e)
	c.countPiece()                     // before Events.Closed is called
	c.in.unread, c.in.piece = nil, nil // nothing after the violation is read
	c.readOver()
	code, reason := closeStatus(err, nil)
	p, _ := closePayload(code, reason) // the payload has a code even with an error
	c.startTeardown(p, e, nil)
	_ = c.awaitEnd(ctx)
	if foreseen {
		return e
	}
	err = c.opError("read", nil)
	if own, ok := err.(*Error); ok {
		own.later = false
	}
	return err
}

// abortRead ends a connection from which nothing more can be read, because of err.
func (c *Conn) abortRead(err error) error {
	c.readOver()
	e := c.recordLoss(err)
	c.end(e)
	if c.ctx.Cause() == error(e) {
		return e
	}
	return c.opError("read", nil)
}

// abortOverdue ends a connection whose transport did not obey a deadline.
func (c *Conn) abortOverdue(op string, cut bool) {
	switch {
	case op == "read" && !cut: // the limit on reading after the end
		c.closeTransport()
	case c.closing.local.Load():
		c.end(errClosed)
	case cut:
		c.end(&Error{Op: op, Err: transport.ErrOverdue, closed: true, later: true})
	default:
		c.end(&Error{Op: op, Err: ErrPeerNotReading, closed: true, later: true})
	}
}
