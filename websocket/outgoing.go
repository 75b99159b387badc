package websocket

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/wire"
)

// outgoing is the writing half of a Conn, from frames to bytes.
type outgoing struct {
	messages turn // one message at a time
	frames   turn // one frame at a time; enc and rest belong to its holder
	enc      wire.Encoder
	rest     []byte       // of frames that were accepted and cut; goes out before anything else; or nil
	maxFrame int          // Limits.MaxWriteFrame
	waiting  atomic.Int64 // bytes of messages that wait for a turn

	mu    sync.Mutex // orders the following against giving frames back
	pongs pongs
	late  []frame // that were postponed
}

// maxRest bounds, in bytes, what a Conn keeps of a message that was cut. Beyond it
// the connection ends.
const maxRest = 1 << 20

// A frame is one to send. If keep is set it counts as accepted even if ctx ends
// before its first byte, because a state that the peer shares has moved.
type frame struct {
	wire.Header
	payload []byte
	keep    bool
	max     int    // the largest payload that it may have, beside Limits.MaxWriteFrame; 0: any
	pongs   int    // how many pongs go out before it, in the same write
	whole   []byte // what a server sends of it, if that is known beforehand; shared
}

// unlockFrames gives the turn back, after frames that were postponed. What is left of
// those, or of a frame that was cut, a goroutine sees out, which WriteTimeout or the end
// of the connection ends: the caller's context may have ended, and the peer must not
// wait for our next frame.
func (c *Conn) unlockFrames() {
	o := &c.out
	for {
		if o.rest != nil && c.canWrite() {
			go c.flushRest()
			return
		}
		o.mu.Lock()
		if len(o.late) == 0 {
			o.frames.unlock()
			o.mu.Unlock()
			return
		}
		late := o.late
		o.late = nil
		o.mu.Unlock()
		for _, f := range late {
			o.waiting.Add(-int64(len(f.payload)))
			c.appendFragments(f)
		}
	}
}

// canWrite reports whether anything more can be sent.
func (c *Conn) canWrite() bool { return c.ctx.Err() == nil && !c.ending.writeFailed.Load() }

// flushRest sends what is left of earlier frames and gives the turn back.
func (c *Conn) flushRest() {
	o := &c.out
	if _, err := c.tr.write(context.Background(), c.writeWithin, o.rest, nil); err != nil {
		_ = c.abortWrite("write", err, err != ErrPeerNotReading)
	} else if o.enc.Closed() {
		c.closing.setOut()
	}
	o.rest = nil
	c.unlockFrames()
}

// noWait is a context for writes that take no longer than the transport takes.
var noWait = func() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}()

// writeLocked sends f. The caller has the turn, and so nothing is left of earlier
// frames: unlockFrames sees to that.
func (c *Conn) writeLocked(ctx context.Context, op string, f frame) error {
	o := &c.out
	if !c.canWrite() {
		return c.opError(op, nil)
	}
	if o.enc.Closed() {
		return c.opError(op, net.ErrClosed)
	}
	if f.whole != nil && o.enc.Role == wire.Server {
		return c.writeWhole(ctx, op, f)
	}
	o.setKey(&f)
	if len(f.payload) > blockSize-wire.MaxHeaderSize {
		return c.writeLarge(ctx, op, f)
	}
	b := getBlock()
	defer c.putBlock(b)
	before := o.enc
	buf := b[:0]
	if f.Opcode == wire.OpClose { // after which none can go out
		buf, f.pongs = c.appendPongs(buf)
	}
	buf, err := o.enc.AppendFrame(buf, f.Header, f.payload)
	if err != nil {
		return c.opError(op, err)
	}
	n, err := c.tr.write(c.watched(ctx), c.writeWithin, buf, nil)
	if err != nil {
		return c.interruptedWrite(op, err, cut{frame: f, sent: n, before: before, rest: buf[n:]})
	}
	c.stats.wrote(f)
	return nil
}

// writeWhole sends a frame whose bytes are known.
func (c *Conn) writeWhole(ctx context.Context, op string, f frame) error {
	o := &c.out
	before := o.enc
	var head [wire.MaxHeaderSize]byte
	if _, err := o.enc.AppendHeader(head[:0], f.Header); err != nil { // it judges and takes note
		return c.opError(op, err)
	}
	n, err := c.tr.write(c.watched(ctx), c.writeWithin, f.whole, nil)
	if err != nil {
		return c.interruptedWrite(op, err, cut{frame: f, sent: n, before: before, rest: f.whole[n:]})
	}
	c.stats.wrote(f)
	return nil
}

// putBlock gives back a block of which something was written. One that a transport may
// still read is left to the garbage collector: smux sends from it after a timeout, and
// the bytes of another connection must not be there by then.
func (c *Conn) putBlock(b *block) {
	if !c.tr.wr.broken.Load() {
		putBlock(b)
	}
}

// setKey gives a client's frame its masking key (RFC 6455, section 5.3).
func (o *outgoing) setKey(f *frame) {
	if o.enc.Role == wire.Client {
		rand.Read(f.Key[:]) // never fails
	}
}

// writeLarge sends a frame that does not fit into a block.
func (c *Conn) writeLarge(ctx context.Context, op string, f frame) error {
	if c.out.enc.Role == wire.Server && len(f.payload) > largeSize-wire.MaxHeaderSize {
		// It takes two writes anyhow; the less is copied the better.
		b := getBlock()
		defer c.putBlock(b)
		return c.writeThrough(ctx, op, f, b[:])
	}
	b := largeBlocks.Get().(*largeBlock)
	defer func() {
		if !c.tr.wr.broken.Load() { // as in putBlock
			largeBlocks.Put(b)
		}
	}()
	return c.writeThrough(ctx, op, f, b[:])
}

// writeThrough sends a frame through b, which need not hold it.
func (c *Conn) writeThrough(ctx context.Context, op string, f frame, b []byte) error {
	o := &c.out
	before := o.enc
	f.Length = int64(len(f.payload))
	head, err := o.enc.AppendHeader(b[:0], f.Header)
	if err != nil {
		return c.opError(op, err)
	}
	if o.enc.Role == wire.Server {
		// All that fits goes with the header, so that it takes no call of its own.
		n := min(len(f.payload), len(b)-len(head))
		buf, tail := append(head, f.payload[:n]...), f.payload[n:]
		n, err := c.tr.write(c.watched(ctx), c.writeWithin, buf, tail)
		if err != nil {
			return c.interruptedWrite(op, err, cut{
				frame: f, sent: n, before: before,
				rest: buf[min(n, len(buf)):], tail: tail[max(n-len(buf), 0):],
			})
		}
		c.stats.wrote(f)
		return nil
	}
	// The payload is the caller's: mask a copy, as much at a time as b holds.
	sent := 0
	for buf, p := head, f.payload; len(buf) > 0 || len(p) > 0; buf = b[:0] {
		at, start := len(f.payload)-len(p), len(buf)
		n := min(len(p), len(b)-start)
		buf = append(buf, p[:n]...)
		wire.Mask(buf[start:], f.Key, int64(at))
		p = p[n:]
		o.waiting.Add(int64(len(p)))
		m, err := c.tr.write(c.watched(ctx), c.writeWithin, buf, nil)
		o.waiting.Add(-int64(len(p)))
		sent += m
		if err != nil {
			tail := p
			if len(p) <= maxRest { // or it is too much to be kept
				tail = bytes.Clone(p)
				wire.Mask(tail, f.Key, int64(at+n))
			}
			return c.interruptedWrite(op, err, cut{frame: f, sent: sent, before: before, rest: buf[m:], tail: tail})
		}
	}
	c.stats.wrote(f)
	return nil
}

// A cut is what is known of a frame whose write failed.
type cut struct {
	frame      frame
	sent       int          // bytes that went out
	before     wire.Encoder // the encoder as it was before the frame
	rest, tail []byte       // bytes that did not go out
}

// interruptedWrite makes the error of a write that failed with err. If the transport is
// whole, a frame of which nothing went out was never sent, and the rest of another
// is kept.
func (c *Conn) interruptedWrite(op string, err error, f cut) error {
	o := &c.out
	if c.isEnd(err) {
		return c.opError(op, nil)
	}
	if _, late := err.(*cutMessage); late || c.tr.wr.overran() { // abortOverdue has ended the connection
		return &Error{Op: op, Err: err, closed: true}
	}
	switch left := len(f.rest) + len(f.tail); {
	case !isInterrupt(err):
		return c.abortWrite(op, err, err != ErrPeerNotReading)
	case c.tr.wr.broken.Load():
		what := "the transport"
		if c.TLS() != nil {
			what = "TLS"
		}
		return c.abortWrite(op, &cutMessage{"message cut in the middle, after which " + what + " cannot go on", bare(err)}, false)
	case f.sent == 0 && !f.frame.keep:
		o.enc = f.before
		return c.opError(op, err)
	case left > maxRest:
		return c.abortWrite(op, tooMuchLeft(left, err), false)
	default:
		// Not nil even if all of it is under way in the transport.
		o.rest = append(append(make([]byte, 0, left), f.rest...), f.tail...)
		c.stats.wrote(f.frame)
		return c.acceptedError(op, err)
	}
}
