package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/prepared"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/websocket/internal/turn"
	"github.com/hawser-ws/hawser/wire"
)

// Write sends p as one message. Any number of goroutines may write, and each message is sent whole.
// p is neither kept nor changed. Text must be UTF-8. Write does not check that. If it is not, a
// peer closes the connection with 1007.
//
// Write waits while a [MessageWriter] is open, even one that its own goroutine has opened. If that
// writer is idle for longer than Limits.WriteTimeout, the error is [ErrMessageOpen].
//
// Write returns once the transport has taken the message. If ctx ends before the first byte is
// written, the message is not sent, and the connection is as before. If ctx ends in the middle, the
// message counts as accepted: the rest, up to 1 MiB, is sent before anything else, and the error
// has Accepted set. A message that an extension has already transformed when ctx ends is accepted
// too, even if none of it is written: the peer must get it, or the compression states of the two
// sides would differ.
//
// If more than 1 MiB is left when ctx ends, nothing can be written afterwards. The same is true
// over TLS and some other transports if a message was cut in the middle, and over all transports if
// the peer took nothing for Limits.WriteTimeout, regardless of ctx. In the last case the error is
// [ErrPeerNotReading].
//
// After any other failure, except an invalid t and [ErrMessageOpen], nothing can be written either,
// but reads go on. The next read returns why the peer is gone, and so does [Conn.Closure] once
// [Conn.Context] has ended.
func (c *Conn) Write(ctx context.Context, t MessageType, p []byte) error {
	return c.writeMessage(ctx, &frame{Header: messageHeader(t), payload: p, size: int64(len(p))})
}

// WritePlain is Write without the extension: the message is not compressed and does not enter the
// compression context. It is for data that is already compressed, and for secrets: the length of a
// compressed message reveals something about its contents, so that an attacker who chooses text
// that is compressed together with a secret can guess the secret (RFC 7692, section 8).
func (c *Conn) WritePlain(ctx context.Context, t MessageType, p []byte) error {
	return c.writeMessage(ctx, &frame{Header: messageHeader(t), payload: p, size: int64(len(p)), plain: true})
}

// WriteBuffers is Write for one message in several slices, such as a header and a body. It copies
// them into one buffer, which comes from a pool if their total size is less than 1 MiB. A rune may
// be divided between two slices.
func (c *Conn) WriteBuffers(ctx context.Context, t MessageType, bufs ...[]byte) error {
	size := 0
	for _, b := range bufs {
		size += len(b)
	}
	if err := c.beginMessage(ctx, t, size); err != nil {
		return err
	}
	defer c.endMessage()
	m := prepared.Form{Header: messageHeader(t)}
	for _, b := range bufs {
		if len(b) == size {
			return c.sendMessage(ctx, &frame{Header: m.Header, payload: b, size: int64(size)})
		}
	}
	var l loan
	pool, room := gatheringOf(prepared.Room+size, prepared.Room+size)
	p := l.grow(nil, pool, room)[:prepared.Room]
	for _, b := range bufs {
		p = append(p, b...)
	}
	m.Fill(p)
	f := formFrame(&m)
	err := c.sendMessage(ctx, &f)
	if !c.tr.Wr.Broken() { // as in WriteHalf.PutBlock
		l.own.free()
	}
	return err
}

// messageHeader returns the header of a message of type t that is one frame.
func messageHeader(t MessageType) wire.Header { return wire.Header{Fin: true, Opcode: wire.Opcode(t)} }

// writeMessage sends f, a whole message.
func (c *Conn) writeMessage(ctx context.Context, f *frame) error {
	if err := c.beginMessage(ctx, MessageType(f.Opcode), len(f.payload)); err != nil {
		return err
	}
	defer c.endMessage()
	return c.sendMessage(ctx, f)
}

// sendMessage is writeMessage for a caller that has out.messages.
func (c *Conn) sendMessage(ctx context.Context, f *frame) error {
	if c.session == nil {
		return c.writeFrame(ctx, f)
	}
	return c.encodeMessage(ctx, f)
}

// encodeMessage sends a message through the extension, unless the extension declines it.
func (c *Conn) encodeMessage(ctx context.Context, f *frame) error {
	// Take the turn first. Once encoded, the message has to be sent, because the state that
	// the peer shares has changed.
	if err := c.lockFrames(ctx, len(f.payload)); err != nil {
		return c.opError("write", err)
	}
	if err := transport.Ended(ctx); err != nil { // it ended while the lock was acquired
		c.unlockFrames()
		return c.opError("write", err)
	}
	info := wire.MessageInfo{Text: f.Opcode == wire.OpText, Plain: f.plain, Size: int64(len(f.payload))}
	enc := c.session.Encode(info)
	if enc == nil {
		return c.writeFragments(ctx, f)
	}
	b := transport.GetBlock()
	defer c.tr.Wr.PutBlock(b)
	out, err := enc.Append(b[:0], f.payload, true)
	if err != nil {
		err = c.abortWrite("write", extensionError(err), false)
		c.unlockFrames()
		return err
	}
	f.RSV, f.payload, f.whole, f.max, f.keep = c.out.enc.RSV, out, nil, 0, true
	return c.writeFragments(ctx, f)
}

// beginMessage takes out.messages for a message of type t and size bytes.
func (c *Conn) beginMessage(ctx context.Context, t MessageType, size int) error {
	if t != Text && t != Binary {
		return c.opError("write", errMessageType)
	}
	if err := transport.Ended(ctx); err != nil {
		return c.opError("write", err)
	}
	if o := &c.out; !o.messages.TryLock() {
		o.waiting.Add(int64(size))
		err := o.messages.LockWithin(ctx, c.ctx, c.writeWithin)
		o.waiting.Add(-int64(size))
		if err == turn.ErrIdle {
			err = ErrMessageOpen
		}
		if err != nil {
			return c.opError("write", err)
		}
	}
	if !c.canWrite() { // a free turn can be taken even after the end
		c.endMessage()
		return c.opError("write", nil)
	}
	return nil
}

func (c *Conn) endMessage() {
	c.out.messages.Unlock()
	c.releaseIfEnded()
}
