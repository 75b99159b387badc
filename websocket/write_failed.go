package websocket

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A write that fails ends only the writing half of a connection. Everything the peer sent before
// can still be read: above all its close frame, which explains the failure. Therefore reading
// continues. A reader gets what has arrived. While no goroutine reads, the Conn reads ahead and
// keeps what it reads, so that a handler that works on one message does not lose the next one to a
// failed heartbeat.
//
// All of this is limited. Waits for the peer add up to at most lingerTime, the bytes read to
// maxLast, and the bytes kept to maxAhead. If no goroutine reads for lingerTime, the connection
// ends. Kept bytes can still be read after that.

const (
	maxAhead = 1 << 20  // bytes
	maxLast  = 16 << 20 // bytes; more than the receive buffer of a socket holds

	// pollTime is how long after the last read the Conn begins to read ahead.
	pollTime = lingerTime / 10

	// maxProbes is how many more blocks of arrived bytes are read without waiting.
	maxProbes = 1 << 10
)

// lastReads is the state of reading after a write has failed. Except for the atomics and timer, it
// belongs to the holder of in.turn.
type lastReads struct {
	began   time.Time     // when writing failed
	readAt  time.Time     // when a reader last gave in.turn back
	wait    time.Duration // how long reads may still wait
	probes  int           // how many were made after that
	bytes   int           // how many bytes may still be read
	over    error         // why nothing more can be read from the transport
	kept    bool          // unread bytes are in memory of their own, not in a block
	dec     wire.Decoder  // at the end of what is kept
	dataEnd int64         // offset in the stream of the end of the last kept piece of a message

	left   atomic.Bool                        // there may be messages to read
	wanted atomic.Int32                       // readers that wait for readAhead to give in.turn back
	yield  atomic.Pointer[context.CancelFunc] // makes readAhead do so
	timer  *time.Timer                        // calls pollRead; under ending.mu
}

// abortWrite ends writing because the operation op failed with err. lost is whether the transport
// caused the failure, as opposed to this side.
func (c *Conn) abortWrite(op string, err error, lost bool) error {
	if !c.canWrite() {
		return c.opError(op, nil)
	}
	err = bare(err)
	shared := err
	if cut, ok := err.(*transport.CutError); ok {
		shared = &transport.CutError{Text: cut.Text} // other calls have nothing to do with the context
	}
	defer c.closing.setOver()
	c.ending.recordFailure(&Error{Op: op, Err: shared, closed: true, later: true}, lost)
	c.tr.Rd.Bound(time.Now().Add(lingerTime)) // for a read in progress
	c.pollReadAfter(pollTime)
	if c.in.turn.TryLock() {
		go c.readAhead()
	}
	return &Error{Op: op, Err: err, closed: true}
}

// pollReadAfter schedules the next call of pollRead, in d.
func (c *Conn) pollReadAfter(d time.Duration) {
	e := &c.ending
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case c.ctx.Ended():
	case e.last.timer == nil:
		e.last.timer = time.AfterFunc(d, c.pollRead)
	default:
		e.last.timer.Reset(d)
	}
}

// pollRead reads ahead, and ends the connection once no goroutine has read for lingerTime.
func (c *Conn) pollRead() {
	last := c.ending.last
	if !c.in.turn.TryLock() {
		c.pollReadAfter(pollTime)
		return
	}
	idle := time.Since(last.readAt)
	switch {
	case c.ctx.Ended():
		c.in.turn.Unlock()
	case idle >= lingerTime:
		c.keep(nil)
		last.left.Store(c.hasData())
		c.end(nil) // before another reader can take more
		c.in.turn.Unlock()
	case c.wantsAhead():
		c.pollReadAfter(pollTime)
		c.readAhead()
		return
	default:
		c.in.turn.Unlock()
		c.pollReadAfter(lingerTime - idle)
	}
	c.releaseIfEnded()
}

// wantsAhead reports whether there is more to read and room to keep it.
func (c *Conn) wantsAhead() bool {
	return c.ending.last.over == nil && len(c.in.unread) < maxAhead
}

// readAhead reads until there is nothing more, enough is kept, or a reader waits for in.turn. The
// caller has in.turn, and readAhead gives it back.
func (c *Conn) readAhead() {
	in, last := &c.in, c.ending.last
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	last.yield.Store(&cancel)
	yields := c.tr.Rd.Interruptible() // otherwise canceling the read may close the transport
	if yields && last.wanted.Load() > 0 {
		cancel()
	}
	c.keep(nil)
	err := c.tr.Rd.Follow(ctx)
	for err == nil && c.wantsAhead() && (yields || last.wanted.Load() == 0) {
		var b *transport.Buffer
		var n int
		if b, n, err = c.lastRead(); err == nil {
			c.keep(b.Bytes[:n])
			b.Free()
		}
	}
	if err != nil && !transport.IsInterrupt(err) && !c.ctx.Ended() {
		last.over = err
		c.recordLoss(err)
	}
	if c.settleLeft() {
		c.end(nil)
	}
	in.turn.Unlock()
	c.releaseIfEnded()
}

// keep appends b to the unread bytes, and passes new bytes to lookAhead.
func (c *Conn) keep(b []byte) {
	in, last := &c.in, c.ending.last
	if !last.kept {
		in.unread = bytes.Clone(in.unread) // away from a block, which may be lent
		last.kept = true
		last.dec = in.dec // the copy shares no memory with the original
		c.lookAhead(in.unread)
	}
	in.unread = append(in.unread, b...)
	c.lookAhead(b)
}

// lookAhead records a close frame or a violation in b, the next of the kept bytes, and leaves b to
// be read. Whatever follows a close frame or a violation is ignored.
func (c *Conn) lookAhead(b []byte) {
	last := c.ending.last
	last.dec.MaxMessage = c.in.max.Load()
	for p := bytes.Clone(b); len(p) > 0 && last.over == nil; {
		f, n, err := last.dec.Next(p)
		p = p[n:]
		switch {
		case err != nil:
			last.over = errLingered
			c.ending.record(&Error{Op: "read", Err: err, closed: true, later: true})
		case f.Kind == wire.KindClose:
			last.over = errLingered
			c.recordClose(f.Payload)
			c.ending.recordPeerClosed() // we sent none before writing failed
		case f.Kind == wire.KindText || f.Kind == wire.KindBinary:
			last.dataEnd = last.dec.Offset()
		}
	}
}

// recordLoss records that the stream ended with err, unless this side caused that.
func (c *Conn) recordLoss(err error) *Error {
	e := &Error{Op: "read", Err: err, closed: true}
	if err != errLingered {
		c.ending.recordLoss(e, c.lostByPeer(err))
	}
	return e
}

// settleLeft updates last.left once nothing more arrives. It reports whether that ends the
// connection. The caller has in.turn.
func (c *Conn) settleLeft() (over bool) {
	last := c.ending.last
	ended := c.ctx.Ended()
	if last.over == nil && !ended || !last.left.Load() {
		return false
	}
	left := c.hasData()
	last.left.Store(left)
	return !ended && (!left || last.wait <= 0)
}

// lastReadDone gives in.turn back for a reader.
func (c *Conn) lastReadDone() {
	last := c.ending.last
	last.readAt = time.Now()
	if c.settleLeft() {
		c.end(nil)
	}
	c.in.turn.Unlock()
	c.pollReadAfter(pollTime)
}

// lockRead takes in.turn. readAhead gives way to it.
func (c *Conn) lockRead(ctx context.Context) error {
	if c.ending.writeFailed.Load() {
		last := c.ending.last
		last.wanted.Add(1)
		defer last.wanted.Add(-1)
		if yield := last.yield.Load(); yield != nil && c.tr.Rd.Interruptible() {
			(*yield)()
		}
	}
	err := c.in.turn.Lock(ctx, c.Context())
	late := transport.Ended(ctx)
	switch {
	case err == nil:
		return nil
	case late != nil && !c.isEnd(late):
		return late // even if the connection ended at the same time
	case c.leftover():
		return c.in.turn.Lock(context.Background(), context.Background()) // reading it does not wait
	}
	return err
}

// lastRead reads a block after a write has failed.
func (c *Conn) lastRead() (*transport.Buffer, int, error) {
	last := c.ending.last
	if last.bytes <= 0 {
		return nil, 0, errLingered
	}
	var b *transport.Buffer
	var n int
	err := errLingered
	if last.wait > 0 {
		began := time.Now()
		c.tr.Rd.Bound(began.Add(last.wait))
		if b, n, err = c.tr.ReadBlock(); err != nil {
			err = c.readCause(err)
		}
		last.wait -= time.Since(began)
	}
	if err == errLingered && last.probes < maxProbes {
		// The machine may have been slow, so what has arrived by now is read.
		last.probes++
		c.tr.Rd.Bound(time.Now().Add(time.Minute)) // not before the system call, which does not wait
		if b, n, err = c.tr.ReadNow(); err != nil {
			err = c.readCause(err)
		}
	}
	last.bytes -= n
	return b, n, err
}

// endsWait is called for a read that was in progress when writing failed. It counts the wait, and
// reports whether err is the end of that wait.
func (c *Conn) endsWait(err error) bool {
	if !c.ending.writeFailed.Load() {
		return false
	}
	last := c.ending.last
	last.wait -= time.Since(last.began)
	return err != nil && c.readCause(err) == errLingered
}

// fillLast is fill after a write has failed.
func (c *Conn) fillLast(ctx context.Context) error {
	in, last := &c.in, c.ending.last
	err := c.tr.Rd.Follow(c.watched(ctx))
	if c.ctx.Ended() { // and ctx with it, perhaps
		c.readOver()
		return c.opError("read", nil)
	}
	if last.over == nil {
		if err != nil {
			return c.readError(err)
		}
		b, n, err := c.lastRead()
		if err == nil {
			in.blk, in.unread, last.kept = b, b.Bytes[:n], false
			return nil
		}
		if transport.IsInterrupt(err) {
			return c.readError(err)
		}
		last.over = err
	}
	return c.abortRead(last.over)
}

// hasData reports whether any part of a message, or the end of one, is kept, as far as lookAhead
// has looked.
func (c *Conn) hasData() bool {
	in := &c.in
	return len(in.piece) > 0 || in.open && in.last || in.dec.Offset() < c.ending.last.dataEnd
}

// leftover reports whether there may be messages to read although writing has failed or the
// connection has ended. They arrived before that or soon after, and this side has not closed.
func (c *Conn) leftover() bool {
	return c.ending.writeFailed.Load() && c.ending.last.left.Load() && !c.closing.dropped.Load() &&
		!c.closing.readClosed.Load()
}

// readOver records that nothing is left to read.
func (c *Conn) readOver() {
	e := &c.ending
	e.mu.Lock()
	defer e.mu.Unlock()
	e.readOver = true
	if e.last != nil {
		e.last.left.Store(false)
	}
}
