package websocket

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/bucket"
	"github.com/hawser-ws/hawser/websocket/internal/quota"
	"github.com/hawser-ws/hawser/websocket/internal/tally"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/websocket/internal/turn"
	"github.com/hawser-ws/hawser/wire"
)

// incoming is the reading half of a Conn, from bytes to pieces of messages. Everything but max
// belongs to the holder of turn.
type incoming struct {
	turn turn.Turn
	dec  wire.Decoder
	max  atomic.Int64 // Limits.MaxMessage, which may change at any time

	blk    *transport.Buffer // contains unread; nil if nothing is unread or lent
	unread []byte            // read from the transport and not yet decoded; its capacity ends with blk
	lent   int16             // how many slices of blk the program has

	// The message that has begun and not yet been read to its end.
	open    bool
	last    bool // piece ends the message
	partial bool // a part of a frame has arrived that is not a piece yet
	typ     MessageType
	text    wire.UTF8           // of the bytes that ext returns
	stream  *MessageReader      // its reader, if it is streamed
	piece   []byte              // its next bytes, in blk; as on the wire if ext is set
	ext     wire.MessageDecoder // nil unless an extension has transformed it
	size    int64               // bytes that ext has returned so far
	kept    []byte              // what interrupted reads have gathered, in memory of its own
	counts  tally.Step          // of piece, if Stats does not count it yet
	pace    *pace               // of Limits.MessageTimeout; nil: no limit
	share   quota.Share         // of Limits.Budget, for gathered or kept bytes

	controls bucket.Bucket // of Limits.MaxControls, for pings and unsolicited pongs
}

// directMin is the least part of a frame, in bytes, for which a separate read straight into the
// destination is worthwhile.
const directMin = 4 << 10

// beginRead takes the turn to read for one call.
func (c *Conn) beginRead(ctx context.Context) error {
	if err := transport.Ended(ctx); err != nil && !c.isEnd(err) { // the end does not hide what is left
		return c.readError(err)
	}
	if c.closing.readClosed.Load() {
		return c.opError("read", errReadClosed)
	}
	if !c.in.turn.TryLock() {
		switch {
		case (c.ctx.Ended() || c.closing.handled.Load()) && !c.leftover():
			return c.opError("read", nil)
		case !c.closing.local.Load() && !c.closing.tearingDown.Load() && !c.ending.writeFailed.Load():
			return c.opError("read", ErrConcurrentRead)
		}
		// Close or readAhead reads now, or the teardown has the turn.
		if err := c.lockRead(ctx); err != nil {
			return c.readError(err)
		}
	}
	if c.ctx.Ended() && !c.leftover() {
		c.endRead()
		return c.opError("read", nil)
	}
	if c.closing.reads {
		// Close has given up. It may have dropped the beginning of a message, so nothing
		// can be read until the connection ends, which is soon.
		c.endRead()
		select {
		case <-ctx.Done():
			return c.opError("read", transport.Ended(ctx))
		case <-c.Context().Done():
			return c.opError("read", nil)
		}
	}
	return nil
}

// endRead gives back the turn, and the block if nothing is left in it. If there is a teardown, the
// turn passes to it for good.
func (c *Conn) endRead() {
	c.countPiece()
	if turn := c.closing.handOver; turn != nil {
		c.closing.handOver = nil
		close(turn)
		return
	}
	if k := c.keepalive; k != nil {
		k.Paused()
	}
	in := &c.in
	if len(in.unread) == 0 && len(in.piece) == 0 && in.lent == 0 {
		in.dropBlock()
	}
	if c.ending.writeFailed.Load() {
		c.lastReadDone()
	} else {
		in.turn.Unlock()
	}
	c.releaseIfEnded()
}

// dropBlock lets go of the block. A lent block is left to the garbage collector, because its user
// may still read it.
func (in *incoming) dropBlock() {
	if in.blk != nil && in.lent == 0 {
		in.blk.Free()
	}
	in.blk, in.unread, in.piece, in.lent = nil, nil, nil, 0
}

// startMessage advances to the first piece of the next message, or stays at a message that an
// interrupted read has read in part. It skips the rest of a message that was streamed and not read
// to its end. From here to the system call, functions have few variables; see TestIdleStack.
func (c *Conn) startMessage(ctx context.Context) error {
	in := &c.in
	if in.stream != nil {
		in.stream = skipped // its reader is superseded even if skipping is interrupted
		for in.open {
			if err := c.skipSome(ctx); err != nil {
				return err
			}
		}
		in.stream = nil
	}
	for !in.open { // nextPiece, without its stack frame
		if len(in.unread) == 0 {
			if err := c.fill(ctx); err != nil {
				return err
			}
		}
		if _, err := c.decode(ctx); err != nil {
			return err
		}
	}
	return nil
}

// skipped is the stream of a message that is being skipped.
var skipped = new(MessageReader)

// skipSome reads on in the open message and discards what it reads. An extension still has to
// decode the bytes.
func (c *Conn) skipSome(ctx context.Context) error {
	in := &c.in
	in.kept = nil
	in.share.Resize(0)
	if in.ext == nil {
		in.piece = nil
		if in.last {
			c.messageEnded()
			return nil
		}
		return c.nextPiece(ctx)
	}
	scratch := transport.GetBlock()
	out, done, err := c.decodeSome(ctx, scratch[:0], transport.BlockSize)
	transport.PutBlock(scratch)
	switch {
	case err != nil || len(out) > 0 && !done:
		return err
	case done:
		c.messageEnded()
		return nil
	}
	return c.nextPiece(ctx)
}

// nextPiece reads until a data frame brings the next piece of a message, and handles the control
// frames before it.
func (c *Conn) nextPiece(ctx context.Context) error {
	for {
		if len(c.in.unread) == 0 {
			if err := c.fill(ctx); err != nil {
				return err
			}
		}
		if found, err := c.decode(ctx); found || err != nil {
			return err
		}
	}
}

// decode decodes the unread bytes up to the next piece of a message, and reports whether there is
// one. It handles the control frames before it.
func (c *Conn) decode(ctx context.Context) (found bool, err error) {
	c.countPiece()
	in := &c.in
	pinged := false // answerPing may have gathered pongs
	for len(in.unread) > 0 {
		in.dec.MaxMessage = in.max.Load()
		f, n, err := in.dec.Next(in.unread)
		in.unread = in.unread[n:]
		if pinged && f.Kind != wire.KindPing {
			c.flushPongs()
		}
		pinged = f.Kind == wire.KindPing && len(in.unread) > 0
		if err != nil {
			return false, c.failConnection(ctx, err)
		}
		in.partial = f.Kind == wire.KindNone
		switch f.Kind {
		case wire.KindNone:
		case wire.KindText, wire.KindBinary:
			return true, c.takePiece(ctx, &f)
		default:
			if err := c.readControl(ctx, &f); err != nil {
				return false, err
			}
		}
	}
	return false, nil
}

// takePiece makes f the piece to read next.
func (c *Conn) takePiece(ctx context.Context, f *wire.Frame) error {
	in := &c.in
	if !in.open {
		in.open, in.typ = true, MessageType(f.Kind)
		if rsv := f.Header.RSV; rsv != 0 {
			ext, err := c.session.Decode(rsv)
			if err != nil {
				return c.failConnection(ctx, extensionError(err))
			}
			in.ext, in.size = ext, 0
			in.text.Reset()
		}
	}
	in.piece, in.counts = f.Payload, tally.Step(len(f.Payload))
	if f.EndsFrame() {
		in.counts += tally.Frame
	}
	if in.last = f.EndsMessage(); !in.last {
		c.countPiece()
	}
	return nil
}

// countPiece counts the piece, unless messageEnded has counted it with its message.
func (c *Conn) countPiece() {
	if n := c.in.counts; n != 0 {
		c.in.counts = 0
		c.stats.read.Add(0, n)
	}
}

// messageEnded records that the open message has been read, or skipped, to its end.
func (c *Conn) messageEnded() {
	in := &c.in
	c.stats.read.Add(0, in.counts+tally.Message)
	in.counts = 0
	decoded := in.ext != nil
	if decoded {
		in.ext.Release()
		in.ext = nil
	}
	in.open, in.last, in.stream = false, false, nil
	if in.pace != nil {
		in.pace.waited = 0
	}
	if c.events != nil {
		c.events.messageRead(c, decoded)
	}
}

// fill reads from the transport when nothing is unread.
func (c *Conn) fill(ctx context.Context) error {
	in := &c.in
	in.dropBlock()
	if c.ending.writeFailed.Load() {
		return c.fillLast(ctx)
	}
	if err := c.tr.Rd.Follow(c.watched(ctx)); err != nil {
		return c.readError(err)
	}
	c.beginWait()
	blk, n, err := c.tr.ReadBlock()
	switch late := c.endWait(err); {
	case c.endsWait(err):
		return c.fillLast(ctx)
	case late:
		return c.failConnection(ctx, ErrMessageTimeout)
	}
	if err != nil {
		return c.transportError(err)
	}
	c.tr.Rd.Expect(n)
	in.blk, in.unread = blk, blk.Bytes[:n]
	return nil
}

// readSome appends up to max bytes of the open message to dst. It appends at least one unless the
// message ends or max is 0. It sets in.open to false if the message has ended.
func (c *Conn) readSome(ctx context.Context, dst []byte, max int) ([]byte, error) {
	in := &c.in
	for {
		if len(in.kept) > 0 {
			n := copy(dst[len(dst):len(dst)+max], in.kept)
			if in.kept = in.kept[n:]; len(in.kept) == 0 {
				in.kept = nil
				in.share.Resize(0)
			}
			return dst[:len(dst)+n], nil
		}
		before := len(dst)
		var done bool
		var err error
		if in.ext != nil {
			dst, done, err = c.decodeSome(ctx, dst, max)
		} else {
			n := min(max, len(in.piece))
			dst = append(dst, in.piece[:n]...)
			in.piece = in.piece[n:]
			done = in.last && len(in.piece) == 0
		}
		switch {
		case err != nil:
			return dst, err
		case done:
			c.messageEnded()
			return dst, nil
		case len(dst) > before || len(in.piece) > 0 && max == 0:
			return dst, nil // progress, or no room for the piece
		}
		if n := c.direct(max); n > 0 {
			if dst, err = c.readDirect(ctx, dst, n); err != nil || len(dst) > before || !in.open {
				return dst, err
			}
			continue
		}
		if err := c.nextPiece(ctx); err != nil {
			return dst, err
		}
	}
}

// direct returns how many bytes of the current frame may be read straight into a destination with
// room for max, or 0 if that would cost more.
func (c *Conn) direct(max int) int {
	in := &c.in
	if in.ext != nil || len(in.piece) > 0 || len(in.unread) > 0 || c.ending.writeFailed.Load() {
		return 0
	}
	n := int(min(in.dec.Remaining(), int64(max)))
	if n < directMin {
		return 0
	}
	return n
}

// readDirect reads up to n bytes of the current frame to the end of dst, which has room for them.
// It reads none if writing has failed meanwhile. The decoder unmasks and checks them in place.
func (c *Conn) readDirect(ctx context.Context, dst []byte, n int) ([]byte, error) {
	in := &c.in
	in.dropBlock()
	if err := c.tr.Rd.Follow(c.watched(ctx)); err != nil {
		return dst, c.opError("read", err)
	}
	c.beginWait()
	n, err := c.tr.Read(dst[len(dst) : len(dst)+n])
	switch late := c.endWait(err); {
	case c.endsWait(err):
		return dst, nil
	case late:
		return dst, c.failConnection(ctx, ErrMessageTimeout)
	}
	if err != nil {
		return dst, c.transportError(err)
	}
	f, _, err := in.dec.Next(dst[len(dst) : len(dst)+n])
	if err != nil {
		return dst, c.failConnection(ctx, err)
	}
	if err := c.takePiece(ctx, &f); err != nil {
		return dst, err
	}
	in.piece = nil
	if in.last {
		c.messageEnded()
	}
	return dst[:len(dst)+n], nil
}

// decodeSome lets the extension append up to max bytes of the open message to dst. It checks size
// and UTF-8 of the result, because the decoder has seen only the encoded form.
func (c *Conn) decodeSome(ctx context.Context, dst []byte, max int) (out []byte, done bool, err error) {
	in := &c.in
	out = dst
	start, limit := len(dst), in.max.Load()
	if limit >= 0 && int64(max) > limit-in.size {
		max = int(limit-in.size) + 1 // one byte more shows that the message is too big
	}
	if max > 0 { // otherwise the limit was lowered below the current size
		var n int
		var more bool
		out, n, more, err = in.ext.Append(dst, in.piece, in.last, max)
		if err != nil {
			return dst, false, c.failConnection(ctx, extensionError(err))
		}
		in.piece = in.piece[n:]
		in.size += int64(len(out) - start)
		done = in.last && len(in.piece) == 0 && !more
	}
	if limit >= 0 && in.size > limit {
		return dst, false, c.failConnection(ctx, &wire.Error{
			Violation: wire.ErrMessageTooBig, Offset: in.dec.Offset(), Size: in.size, Limit: limit,
		})
	}
	if in.typ == Text {
		_, ok := in.text.Check(out[start:])
		if !ok || done && !in.text.Complete() {
			return dst, false, c.failConnection(ctx, &wire.Error{
				Violation: wire.ErrInvalidUTF8, Offset: in.dec.Offset(),
			})
		}
	}
	return out, done, nil
}

// readControl handles a control frame.
func (c *Conn) readControl(ctx context.Context, f *wire.Frame) error {
	c.stats.controlsRead.Add(1)
	if f.Kind == wire.KindClose {
		return c.answerClose(ctx, f.Payload)
	}
	asked := f.Kind == wire.KindPong && c.takePong(f.Payload) // such a pong does not count as a flood
	if !asked && !c.in.controls.Take(time.Since(epoch)) {
		start := c.in.dec.Offset() - f.Header.Length - int64(f.Header.Size())
		limit := int64(c.in.controls.Max)
		return c.failConnection(ctx, &wire.Error{ // the offset is that of the length, as in package wire
			Violation: wire.ErrControlFlood, Offset: start + 1, Size: limit + 1, Limit: limit,
		})
	}
	handle := c.onControl.Load()
	handled := handle != nil && (*handle)(wire.Opcode(f.Kind), f.Payload)
	if f.Kind == wire.KindPing && !handled {
		c.answerPing(f.Payload, len(c.in.unread) > 0)
	}
	return nil
}
