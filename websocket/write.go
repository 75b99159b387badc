package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/wire"
)

// Write sends p as one message. Any number of goroutines may write; each message
// goes out whole. p is neither kept nor changed. Text must be UTF-8: it is not
// checked, and a peer will close a connection that carries other text with 1007.
//
// Write waits while a [MessageWriter] is open, even one that its own goroutine has opened.
// If that writer is idle for longer than Limits.WriteTimeout, the error is [ErrMessageOpen].
//
// Write returns once the transport has taken the message. If ctx ends before its
// first byte is out, the message is not sent, and the connection is as before. If
// ctx ends in the middle, the message counts as accepted: the rest, up to 1 MiB, is
// sent before anything else, and the error has Accepted set. A message that an
// extension has transformed when ctx ends is accepted too, although none of it may
// be out: the peer must see it, or the two would lose each other. Over TLS and some
// other transports nothing can be written after a message that was cut in the middle.
// Nor can it after a peer took nothing for Limits.WriteTimeout, whatever ctx says: the
// error is [ErrPeerNotReading].
//
// A Write that fails for another reason than ctx ends writing, not reading. Why the peer
// is gone is for the next read to tell, or for [Conn.Closure] once [Conn.Context] has
// ended.
func (c *Conn) Write(ctx context.Context, t MessageType, p []byte) error {
	return c.writeMessage(ctx, t, p, false)
}

// WritePlain is Write past any extension: the message is not compressed, and leaves
// no trace in the context that compression takes over. It is for what is compressed
// already, and for secrets: the length of a compressed message tells something of
// what is in it, so that a secret beside text of an attacker's choice can be guessed
// (RFC 7692, section 8). Without an extension it is Write.
func (c *Conn) WritePlain(ctx context.Context, t MessageType, p []byte) error {
	return c.writeMessage(ctx, t, p, true)
}

// WriteBuffers is Write for one message that lies in several slices, such as a header and
// a body. It copies them into one buffer, which comes from a pool if they have less than
// 1 MiB together. A rune may be divided between two slices.
func (c *Conn) WriteBuffers(ctx context.Context, t MessageType, bufs ...[]byte) error {
	size := 0
	for _, b := range bufs {
		size += len(b)
	}
	if err := c.beginMessage(ctx, t, size); err != nil {
		return err
	}
	defer c.endMessage()
	m := form{Header: wire.Header{Fin: true, Opcode: wire.Opcode(t)}}
	for _, b := range bufs {
		if len(b) == size {
			return c.sendMessage(ctx, frame{Header: m.Header, payload: b}, false)
		}
	}
	var l loan
	pool, room := gatheringOf(frameRoom+size, frameRoom+size)
	p := l.grow(nil, pool, room)[:frameRoom]
	for _, b := range bufs {
		p = append(p, b...)
	}
	m.fill(p)
	err := c.sendMessage(ctx, m.frame(), false)
	if !c.tr.wr.broken.Load() { // as in putBlock
		l.own.free()
	}
	return err
}

func (c *Conn) writeMessage(ctx context.Context, t MessageType, p []byte, plain bool) error {
	if err := c.beginMessage(ctx, t, len(p)); err != nil {
		return err
	}
	defer c.endMessage()
	return c.sendMessage(ctx, frame{Header: wire.Header{Fin: true, Opcode: wire.Opcode(t)}, payload: p}, plain)
}

// sendMessage sends f, a message, for a caller that has the turn.
func (c *Conn) sendMessage(ctx context.Context, f frame, plain bool) error {
	if c.session == nil {
		return c.writeFrame(ctx, f)
	}
	return c.encodeMessage(ctx, f, plain)
}

// encodeMessage sends a message through the extension, if that wants it.
func (c *Conn) encodeMessage(ctx context.Context, f frame, plain bool) error {
	// The turn comes first. Once encoded, the message has to go out, because the
	// state that the peer shares has moved.
	if err := c.lockFrames(ctx, len(f.payload)); err != nil {
		return c.opError("write", err)
	}
	if err := contextError(ctx); err != nil { // it ended as the turn came
		c.unlockFrames()
		return c.opError("write", err)
	}
	enc := c.session.Encode(wire.MessageInfo{Text: f.Opcode == wire.OpText, Plain: plain, Size: int64(len(f.payload))})
	if enc == nil {
		return c.writeFragments(ctx, f)
	}
	b := getBlock()
	defer c.putBlock(b)
	out, err := enc.Append(b[:0], f.payload, true)
	if err != nil {
		err = c.abortWrite("write", extensionError(err), false)
		c.unlockFrames()
		return err
	}
	f.RSV, f.payload, f.whole, f.max, f.keep = c.rsv, out, nil, 0, true
	return c.writeFragments(ctx, f)
}

// beginMessage takes the turn to write a message of type t and size bytes.
func (c *Conn) beginMessage(ctx context.Context, t MessageType, size int) error {
	if t != Text && t != Binary {
		return c.opError("write", errMessageType)
	}
	if err := contextError(ctx); err != nil {
		return c.opError("write", err)
	}
	if o := &c.out; !o.messages.tryLock() {
		o.waiting.Add(int64(size))
		err := o.messages.lockWithin(ctx, c.ctx, c.writeWithin)
		o.waiting.Add(-int64(size))
		if err != nil {
			return c.opError("write", err)
		}
	}
	if !c.canWrite() { // a turn that is free is given also after the end
		c.endMessage()
		return c.opError("write", nil)
	}
	return nil
}

func (c *Conn) endMessage() {
	c.out.messages.unlock()
	c.releaseIfEnded()
}
