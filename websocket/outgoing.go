package websocket

import (
	"bytes"
	"context"
	"crypto/rand"
	"net"
	"sync"
	"sync/atomic"

	"github.com/hawser-ws/hawser/websocket/internal/held"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/websocket/internal/turn"
	"github.com/hawser-ws/hawser/wire"
)

// outgoing is the writing half of a Conn, from frames to bytes.
type outgoing struct {
	messages turn.Turn // one message at a time
	frames   turn.Turn // one frame at a time; enc and rest belong to its holder
	enc      wire.Encoder
	rest     []byte       // of accepted frames that were cut, to be sent first; nil if there is none
	held     *held.Frames // of Reply; nil until there are any
	maxFrame int          // Limits.MaxWriteFrame
	waiting  atomic.Int64 // bytes of messages that wait for a turn

	mu    sync.Mutex // guards the following; who changes late marks frames
	pongs pongs
	late  []frame // postponed, see postpone
}

// maxRest limits, in bytes, how much of a cut message a Conn keeps. If more is left, writing fails.
const maxRest = 1 << 20

// A frame is a frame to send. It has over 100 bytes, and is passed by pointer. If keep is set, it
// counts as accepted even if ctx ends before its first byte is written, because the state shared
// with the peer has changed.
type frame struct {
	wire.Header
	payload []byte
	size    int64 // of the message so far, as the program has given it; of the whole message if Fin is set
	keep    bool
	reply   *loop  // the loop whose message it replies to, if any, so that it may be held
	plain   bool   // without the extension
	max     int    // the largest payload, in addition to Limits.MaxWriteFrame; 0: any
	pongs   int    // how many pongs precede it in the same write
	whole   []byte // the frame as a server sends it, if prepared; shared
}

// unlockFrames gives out.frames back once no postponed frame and no rest of a frame is left to
// send. If any is, a goroutine sends it first, within WriteTimeout: the caller's context may have
// ended, and the peer must not have to wait for the next frame.
func (c *Conn) unlockFrames() {
	if c.out.rest != nil || !c.out.frames.TryUnlock() { // postpone marks the turn
		c.unlockFramesAfterRest()
	}
}

// unlockFramesAfterRest is unlockFrames for when something may be left to send.
func (c *Conn) unlockFramesAfterRest() {
	o := &c.out
	for {
		if o.rest != nil && c.canWrite() {
			go c.flushRest()
			return
		}
		o.mu.Lock()
		if len(o.late) == 0 {
			o.frames.Unlock()
			o.mu.Unlock()
			return
		}
		o.rest = o.held.AppendTo(o.rest)
		late := o.late
		o.late = nil
		o.mu.Unlock()
		for i := range late {
			o.waiting.Add(-int64(len(late[i].payload)))
			c.appendFragments(&late[i])
		}
	}
}

// canWrite reports whether anything more can be sent.
func (c *Conn) canWrite() bool { return !c.ctx.Ended() && !c.ending.writeFailed.Load() }

// flushRest sends the rest of earlier frames and gives out.frames back.
func (c *Conn) flushRest() {
	o := &c.out
	if _, err := c.tr.Write(context.Background(), c.writeWithin, o.rest, nil); err != nil {
		_ = c.abortWrite("write", err, err != ErrPeerNotReading)
	} else if c.pingLeft(); o.enc.Closed() {
		c.closing.setOut()
	}
	o.rest = nil
	c.unlockFrames()
}

var noWait = transport.NoWait()

// writeLocked sends f. The caller has out.frames, so that no rest of earlier frames is left:
// unlockFrames sends it.
func (c *Conn) writeLocked(ctx context.Context, op string, f *frame) error {
	o := &c.out
	if !c.canWrite() {
		return c.opError(op, nil)
	}
	if o.enc.Closed() {
		return c.opError(op, net.ErrClosed)
	}
	if c.hold(f) {
		return nil
	}
	if err := c.writeHeld(ctx, op, f); err != nil {
		return err
	}
	if f.whole != nil && o.enc.Role == wire.Server && o.held.Len() == 0 {
		return c.writeWhole(ctx, op, f)
	}
	o.setKey(f)
	if len(f.payload) > transport.BlockSize-wire.MaxHeaderSize {
		return c.writeLarge(ctx, op, f)
	}
	b, buf := o.held.Take()
	err := c.writeSmall(ctx, op, f, buf)
	c.tr.Wr.PutBlock(b)
	return err
}

// writeSmall sends f through buf, which begins with the frames that were held, if any.
func (c *Conn) writeSmall(ctx context.Context, op string, f *frame, buf []byte) error {
	o := &c.out
	before, held := o.enc, len(buf)
	if f.Opcode == wire.OpClose { // no pong can be sent after it
		buf, f.pongs = c.appendPongs(buf)
	}
	buf, err := o.enc.AppendFrame(buf, f.Header, f.payload)
	if err != nil {
		return c.opError(op, err)
	}
	n, err := c.tr.Write(c.watched(ctx), c.writeWithin, buf, nil)
	if err != nil {
		return c.interruptedWrite(op, err, &cut{frame: f, held: held, sent: n, before: before, rest: buf[n:]})
	}
	c.wrote(f)
	return nil
}

// writeWhole sends a frame that was prepared as bytes.
func (c *Conn) writeWhole(ctx context.Context, op string, f *frame) error {
	o := &c.out
	before := o.enc
	var head [wire.MaxHeaderSize]byte
	if _, err := o.enc.AppendHeader(head[:0], f.Header); err != nil { // validates f and takes note of it
		return c.opError(op, err)
	}
	n, err := c.tr.Write(c.watched(ctx), c.writeWithin, f.whole, nil)
	if err != nil {
		return c.interruptedWrite(op, err, &cut{frame: f, sent: n, before: before, rest: f.whole[n:]})
	}
	c.wrote(f)
	return nil
}

// setKey gives a client's frame its masking key (RFC 6455, section 5.3).
func (o *outgoing) setKey(f *frame) {
	if o.enc.Role == wire.Client {
		rand.Read(f.Key[:]) // never fails
	}
}

// writeLarge sends a frame that does not fit into a block.
func (c *Conn) writeLarge(ctx context.Context, op string, f *frame) error {
	fits := len(f.payload) <= transport.LargeSize-wire.MaxHeaderSize
	if c.out.enc.Role == wire.Server && (c.tr.Gathers() || !fits) { // copy as little as possible
		b := transport.GetBlock()
		defer c.tr.Wr.PutBlock(b)
		return c.writeThrough(ctx, op, f, b[:])
	}
	b := transport.GetLarge()
	defer c.tr.Wr.PutLarge(b)
	return c.writeThrough(ctx, op, f, b[:])
}

// writeThrough sends a frame through b, which may be smaller than the frame.
func (c *Conn) writeThrough(ctx context.Context, op string, f *frame, b []byte) error {
	o := &c.out
	before := o.enc
	f.Length = int64(len(f.payload))
	head, err := o.enc.AppendHeader(b[:0], f.Header)
	if err != nil {
		return c.opError(op, err)
	}
	if o.enc.Role == wire.Server {
		n := 0
		if !c.tr.Gathers() { // send as much as fits with the header, to save a call
			n = min(len(f.payload), len(b)-len(head))
		}
		buf, tail := append(head, f.payload[:n]...), f.payload[n:]
		n, err := c.tr.Write(c.watched(ctx), c.writeWithin, buf, tail)
		if err != nil {
			return c.interruptedWrite(op, err, &cut{
				frame: f, sent: n, before: before,
				rest: buf[min(n, len(buf)):], tail: tail[max(n-len(buf), 0):],
			})
		}
		c.wrote(f)
		return nil
	}
	// The payload is the caller's, so mask a copy of it, in portions that fit into b.
	sent := 0
	for buf, p := head, f.payload; len(buf) > 0 || len(p) > 0; buf = b[:0] {
		at, start := len(f.payload)-len(p), len(buf)
		n := min(len(p), len(b)-start)
		buf = append(buf, p[:n]...)
		wire.Mask(buf[start:], f.Key, int64(at))
		p = p[n:]
		o.waiting.Add(int64(len(p)))
		m, err := c.tr.Write(c.watched(ctx), c.writeWithin, buf, nil)
		o.waiting.Add(-int64(len(p)))
		sent += m
		if err != nil {
			tail := p
			if len(p) <= maxRest { // otherwise it is too much to keep
				tail = bytes.Clone(p)
				wire.Mask(tail, f.Key, int64(at+n))
			}
			rest := &cut{frame: f, sent: sent, before: before, rest: buf[m:], tail: tail}
			return c.interruptedWrite(op, err, rest)
		}
	}
	c.wrote(f)
	return nil
}

// A cut describes a frame whose write failed.
type cut struct {
	frame      *frame
	held       int          // bytes of held frames before it
	sent       int          // bytes that were written
	before     wire.Encoder // the encoder as it was before the frame
	rest, tail []byte       // bytes that were not written
}

// interruptedWrite returns the error of a write that failed with err. If the transport is intact, a
// frame of which nothing was written is undone, and the rest of any other frame is kept.
func (c *Conn) interruptedWrite(op string, err error, f *cut) error {
	o := &c.out
	if c.isEnd(err) {
		return c.opError(op, nil)
	}
	if _, late := err.(*transport.CutError); late || c.tr.Wr.Overran() {
		return &Error{Op: op, Err: bare(err), closed: true} // abortOverdue has ended the connection
	}
	switch left := len(f.rest) + len(f.tail); {
	case !transport.IsInterrupt(err):
		return c.abortWrite(op, err, err != ErrPeerNotReading)
	case c.tr.Wr.Broken():
		what := "the transport"
		if c.TLS() != nil {
			what = "TLS"
		}
		text := "message cut in the middle, after which " + what + " cannot go on"
		return c.abortWrite(op, cutError(text, err), false)
	case f.sent <= f.held && !f.frame.keep:
		if o.enc = f.before; f.held > 0 {
			o.rest = append([]byte{}, f.rest[:f.held-f.sent]...)
		}
		return c.opError(op, err)
	case left > maxRest:
		return c.abortWrite(op, tooMuchLeft(left, err), false)
	default:
		// rest is not nil even if the transport is already sending all of it.
		o.rest = append(append(make([]byte, 0, left), f.rest...), f.tail...)
		c.wrote(f.frame)
		return c.acceptedError(op, err)
	}
}
