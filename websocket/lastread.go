package websocket

import (
	"bytes"
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A write that fails ends the writing half of a connection alone. What the peer sent
// before is still there to be read, its close frame above all, which tells why the
// write failed. So reading goes on: a reader gets what has come, and while nobody
// reads, the Conn itself reads ahead and keeps what it reads. A handler that is at
// work on one message does not lose the next to the heartbeat that failed meanwhile.
//
// All of this is bounded. Waits for the peer add up to lingerTime at most, the bytes
// read to maxLast, and those kept to maxAhead. If nobody reads for lingerTime, the
// connection ends; what was kept can still be read after that.

const (
	maxAhead = 1 << 20  // bytes
	maxLast  = 16 << 20 // bytes; more than the receive buffer of a socket holds
)

// lastReads is the state of reading after a write has failed. It belongs to the
// holder of the turn to read, but for the last three.
type lastReads struct {
	began   time.Time
	wait    time.Duration // how long reads may still wait
	bytes   int           // how many may still be read
	over    error         // why the transport has no more
	kept    bool          // unread bytes are the Conn's own, not in a block
	dataEnd int64         // offset in the stream of the last part of a message that is kept

	wanted atomic.Int32                       // readers that wait for readAhead to make way
	yield  atomic.Pointer[context.CancelFunc] // makes it do so
	unread *time.Timer                        // see expectReader; under ending.mu
}

// failWrite ends writing: err made the operation op fail. lost tells whether that is
// the transport's doing, as opposed to this side's.
func (c *Conn) failWrite(op string, err error, lost bool) error {
	if c.ctx.Err() != nil {
		return c.fault(op, nil)
	}
	err = bare(err)
	shared := err
	if cut, ok := err.(*cutMessage); ok {
		shared = &cutMessage{text: cut.text} // a context ended that others do not know
	}
	c.ending.recordFailure(&Error{Op: op, Err: shared, closed: true, later: true}, lost)
	c.tr.rd.bound(time.Now().Add(lingerTime)) // for a read in progress
	c.expectReader(lingerTime)
	c.readOn()
	return &Error{Op: op, Err: err, closed: true}
}

// expectReader ends the connection after d, unless somebody reads by then.
func (c *Conn) expectReader(d time.Duration) {
	e := &c.ending
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case c.ctx.Err() != nil:
	case e.last.unread == nil:
		e.last.unread = time.AfterFunc(d, c.endUnread)
	default:
		e.last.unread.Reset(d)
	}
}

func (c *Conn) endUnread() {
	if !c.in.turn.tryLock() {
		c.expectReader(lingerTime / 10) // a read is in progress, which is bounded
		return
	}
	if c.ctx.Err() == nil && c.ending.last.over == nil {
		c.lookAhead()
	}
	c.in.turn.unlock()
	c.end(nil)
}

// readOn sees to what the peer still sends if nobody else does. Whoever has read calls
// it when done. The connection ends once there is nothing left that a reader might
// want.
func (c *Conn) readOn() {
	in := &c.in
	if c.ctx.Err() != nil || !in.turn.tryLock() {
		return
	}
	after := c.ending.last
	if after.over == nil && len(in.unread) < maxAhead && after.wanted.Load() == 0 {
		go c.readAhead()
		return
	}
	done := after.over != nil && (!c.hasData() || after.wait <= 0)
	in.turn.unlock()
	if done {
		c.end(nil)
	}
	c.releaseIfEnded()
}

// readAhead reads until there is no more, enough is kept, or a reader wants the turn.
// That is the caller's, and given back.
func (c *Conn) readAhead() {
	in := &c.in
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	c.ending.last.yield.Store(&cancel)
	if c.ending.last.wanted.Load() > 0 {
		cancel()
	}
	if !c.ending.last.kept {
		in.unread = bytes.Clone(in.unread) // which lies in a block, with what is lent
		c.ending.last.kept = true
	}
	err := c.tr.rd.follow(ctx)
	for err == nil && len(in.unread) < maxAhead {
		var b *block
		var n int
		if b, n, err = c.lastRead(); err == nil {
			in.unread = append(in.unread, b[:n]...)
			putBlock(b)
		}
	}
	if err != nil && c.ctx.Err() == nil {
		if err = c.readCause(err); !isInterrupt(err) {
			c.ending.last.over = err
			c.lookAhead()
		}
	}
	in.turn.unlock()
	c.readOn()
	c.releaseIfEnded()
}

// lockRead takes the turn to read. readAhead makes way for it.
func (c *Conn) lockRead(ctx context.Context) error {
	if !c.ending.writeFailed.Load() {
		return c.in.turn.lock(ctx, c.ctx)
	}
	after := c.ending.last
	after.wanted.Add(1)
	if yield := after.yield.Load(); yield != nil {
		(*yield)()
	}
	err := c.in.turn.lock(ctx, c.ctx)
	after.wanted.Add(-1)
	if err != nil {
		c.readOn() // which this read may have stopped
	}
	return err
}

// lastRead reads a block after a write has failed.
func (c *Conn) lastRead() (*block, int, error) {
	l := c.ending.last
	if l.wait <= 0 || l.bytes <= 0 {
		return nil, 0, errLingered
	}
	began := time.Now()
	c.tr.rd.bound(began.Add(l.wait))
	b, n, err := c.tr.readBlock()
	l.wait -= time.Since(began)
	l.bytes -= n
	return b, n, err
}

// fillLast is fill after a write has failed.
func (c *Conn) fillLast(ctx context.Context) error {
	in := &c.in
	if c.ctx.Err() != nil {
		return c.fault("read", nil)
	}
	if c.ending.last.over == nil {
		if err := c.tr.rd.follow(c.watched(ctx)); err != nil {
			return c.fault("read", err)
		}
		b, n, err := c.lastRead()
		if err == nil {
			in.blk, in.unread, c.ending.last.kept = b, b[:n], false
			return nil
		}
		if err = c.readCause(err); isInterrupt(err) {
			return c.fault("read", err)
		}
		c.ending.last.over = err
	}
	return c.streamEnded(c.ending.last.over)
}

// lookAhead records what the peer said or did wrong in what has come and was not read
// yet, and leaves it to be read.
func (c *Conn) lookAhead() {
	in := &c.in
	dec := in.dec // the copy refers to nothing of the original
	for p := bytes.Clone(in.unread); len(p) > 0; {
		f, n, err := dec.Next(p)
		p = p[n:]
		switch {
		case err != nil:
			c.ending.record(&Error{Op: "read", Err: err, closed: true, later: true})
			return
		case f.Message == wire.OpClose:
			c.peerClosing(f.Payload)
			c.ending.recordPeerClosed() // no frame of ours was sent before writing failed
			return
		case f.Message == wire.OpText || f.Message == wire.OpBinary:
			c.ending.last.dataEnd = dec.Offset()
		}
	}
	if err := c.ending.last.over; err != nil && err != errLingered {
		c.ending.recordLoss(&Error{Op: "read", Err: err, closed: true, later: true}, !c.closing.sent.Load())
	}
}

// hasData reports whether any part of a message is kept, as far as lookAhead has seen.
func (c *Conn) hasData() bool {
	return len(c.in.piece) > 0 || c.in.dec.Offset() < c.ending.last.dataEnd
}

// leftover reports whether a connection that has ended holds messages that can still
// be read: those that came before a write failed or soon after, until this side closes.
// The caller has the turn to read.
func (c *Conn) leftover() bool {
	return c.ending.writeFailed.Load() && !c.closing.dropped.Load() && c.hasData()
}
