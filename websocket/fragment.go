package websocket

import (
	"bytes"
	"context"
	"fmt"
	"math"
	"net"
	"slices"

	"github.com/hawser-ws/hawser/wire"
)

// A message longer than Limits.MaxWriteFrame is sent in fragments (RFC 6455, section 5.4). Between
// two of them out.frames is free, so that control frames can be sent. out.messages is not.

// frameLimit returns the largest payload of a data frame for a Limits.MaxWriteFrame of n.
func frameLimit(n int64) int {
	if n <= 0 {
		return math.MaxInt
	}
	return int(min(n, math.MaxInt))
}

// limit returns the largest payload that f may have.
func (o *outgoing) limit(f *frame) int {
	if f.max > 0 {
		return min(f.max, o.maxFrame)
	}
	return o.maxFrame
}

// divide makes f the first fragment of itself, of at most max bytes, and returns the rest, if there
// is any. The rest must be sent if the first fragment is.
func (f *frame) divide(max int) (rest frame, more bool) {
	if len(f.payload) <= max {
		return frame{}, false
	}
	f.whole = nil
	rest = *f
	f.Fin, f.payload = false, f.payload[:max]
	rest.Opcode, rest.RSV, rest.keep, rest.payload = wire.OpContinuation, 0, true, rest.payload[max:]
	return rest, true
}

// writeFrame sends a data frame, in fragments if it is too large, after the frames that already
// wait. It may change f.
func (c *Conn) writeFrame(ctx context.Context, f *frame) error {
	if err := c.lockFrames(ctx, len(f.payload)); err != nil {
		return c.postpone(err, f)
	}
	return c.writeFragments(ctx, f)
}

// lockFrames takes out.frames for a message of which size bytes wait.
func (c *Conn) lockFrames(ctx context.Context, size int) error {
	o := &c.out
	if o.frames.TryLock() {
		return nil
	}
	o.waiting.Add(int64(size))
	defer o.waiting.Add(-int64(size))
	return o.frames.Lock(ctx, c.Context())
}

// writeFragments is writeFrame for a caller that has out.frames, which it gives back.
func (c *Conn) writeFragments(ctx context.Context, f *frame) error {
	if len(f.payload) > c.out.limit(f) {
		return c.writeDivided(ctx, f)
	}
	err := c.writeLocked(ctx, "write", f)
	c.unlockFrames()
	return err
}

// writeDivided is writeFragments for a frame that is too large.
func (c *Conn) writeDivided(ctx context.Context, f *frame) error {
	for {
		rest, more := f.divide(c.out.limit(f))
		c.out.waiting.Add(int64(len(rest.payload)))
		err := c.writeLocked(ctx, "write", f)
		c.out.waiting.Add(-int64(len(rest.payload)))
		if more && isAccepted(err) {
			err = c.keepFragments(err, &rest)
		}
		c.unlockFrames()
		if err != nil || !more {
			return err
		}
		*f = rest
		if err := c.lockFrames(ctx, len(f.payload)); err != nil {
			return c.postpone(err, f)
		}
	}
}

// keepFragments appends f, which follows a frame that was cut with err, to the rest. The caller has
// out.frames.
func (c *Conn) keepFragments(err error, f *frame) error {
	o := &c.out
	if left := len(o.rest) + o.sizeOf(f); left > maxRest {
		return c.abortWrite("write", tooMuchLeft(left, err), false)
	}
	c.appendFragments(f)
	return err
}

// appendFragments appends f to the rest, unless nothing can follow the frames already written. The
// caller has out.frames.
func (c *Conn) appendFragments(f *frame) {
	o := &c.out
	if !c.canWrite() || o.enc.Closed() {
		return
	}
	o.rest = slices.Grow(o.rest, o.sizeOf(f))
	for first, more := *f, true; more; {
		var rest frame
		rest, more = first.divide(o.limit(&first))
		o.setKey(&first)
		o.rest, _ = o.enc.AppendFrame(o.rest, first.Header, first.payload) // never fails; f is valid
		c.wrote(&first)
		first = rest
	}
}

// sizeOf returns the largest size that f can have, in bytes, in fragments and with their headers.
func (o *outgoing) sizeOf(f *frame) int {
	n, most := len(f.payload), o.limit(f)
	h := wire.Header{Masked: true, Length: int64(min(n, most))}
	return n + (max(n, 1)-1)/most*h.Size() + h.Size()
}

// postpone is called for a frame if its context ends, with err, before its turn to be written. If
// the frame must be sent, the holder of out.frames sends it before anything else, unless it sends
// our close frame, which nothing can follow.
func (c *Conn) postpone(err error, f *frame) error {
	if !f.keep || !c.canWrite() {
		return c.opError("write", err)
	}
	o := &c.out
	o.mu.Lock()
	if c.closing.sent.Load() {
		o.mu.Unlock()
		return c.opError("write", net.ErrClosed)
	}
	left := o.sizeOf(f)
	for i := range o.late {
		left += o.sizeOf(&o.late[i])
	}
	if left > maxRest {
		o.mu.Unlock()
		return c.abortWrite("write", tooMuchLeft(left, err), false)
	}
	late := *f
	late.payload = bytes.Clone(f.payload)
	o.late = append(o.late, late)
	o.waiting.Add(int64(len(f.payload)))
	mine := o.frames.TryLockOrMark() // so that the holder sees f before it gives the turn back
	o.mu.Unlock()
	if mine {
		c.unlockFramesAfterRest()
	}
	return c.acceptedError("write", err)
}

func tooMuchLeft(left int, err error) error {
	text := fmt.Sprintf("message cut in the middle with %d bytes left, more than the %d that are kept",
		left, maxRest)
	return cutError(text, err)
}
