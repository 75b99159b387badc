package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/held"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Reply sends p as one message in reply to m. It works like [Conn.Write], but may briefly hold the
// message if another whole message has already arrived. The replies to messages that arrived
// together then leave in one write. The reply to a message that arrived alone is not held.
//
// Call Reply in the body of the loop that yielded m. Held messages are sent when the loop ends or
// asks for a message that has not fully arrived, when they reach 16 KiB, after a millisecond, by
// [Conn.Flush], and before any other frame. CloseNow drops them. If sending them fails, nothing more
// can be written, as described at [Conn], and the next call that writes returns the error.
func (m Message) Reply(ctx context.Context, t MessageType, p []byte) error {
	l := m.loop
	if l == nil {
		return &Error{Op: "write", Err: errNotYielded}
	}
	f := frame{Header: messageHeader(t), payload: p, size: int64(len(p)), reply: l}
	if l.c.holdAlone(ctx, &f) {
		return nil
	}
	return l.c.writeMessage(ctx, &f)
}

// Flush sends the messages that [Message.Reply] holds, and returns once the transport has taken
// them. If ctx ends first, they are sent later, before any other frame.
func (c *Conn) Flush(ctx context.Context) error {
	if err := transport.Ended(ctx); err != nil {
		return c.opError("write", err)
	}
	return c.sendHeld(ctx)
}

// sendHeld sends the held frames.
func (c *Conn) sendHeld(ctx context.Context) error {
	if err := c.lockFrames(ctx, 0); err != nil {
		return c.opError("write", err) // the holder, or the timer, sends it
	}
	defer c.unlockFrames()
	return c.writeQueued(ctx)
}

// holdAlone is hold for a caller without out.messages. It takes only out.frames, which is enough if
// out.messages is free, so that no message is open, and if there is no extension.
func (c *Conn) holdAlone(ctx context.Context, f *frame) (ok bool) {
	o := &c.out
	t := MessageType(f.Opcode)
	if c.session != nil || t != Text && t != Binary || len(f.payload) > o.maxFrame ||
		!f.reply.batch.More() || ctx.Err() != nil || !o.frames.TryLock() {
		return false
	}
	ok = !o.messages.Busy() && c.canWrite() && !o.enc.Closed() && c.hold(f)
	c.unlockFrames()
	return ok
}

// hold holds f if it may be held, and reports whether it did. The caller has out.frames.
func (c *Conn) hold(f *frame) bool {
	o := &c.out
	if f.reply == nil || !f.reply.batch.More() || !o.held.Fits(len(f.payload)) {
		return false
	}
	if o.held == nil {
		o.held = held.New(func() { _ = c.sendHeld(context.Background()) }) // the next call returns the error
	}
	o.setKey(f)
	b, _ := o.enc.AppendFrame(o.held.Begin(), f.Header, f.payload) // never fails; f is valid
	o.held.Hold(b)
	c.wrote(f)
	return true
}

// writeHeld sends the held frames, unless f, which is sent next, fits into the block after them.
func (c *Conn) writeHeld(ctx context.Context, op string, f *frame) error {
	if n := c.out.held.Len(); n == 0 || n+wire.MaxHeaderSize+len(f.payload) <= transport.BlockSize {
		return nil
	}
	err := c.writeQueued(ctx)
	switch {
	case !isAccepted(err):
		return err
	case f.keep:
		return c.keepFragments(err, f)
	}
	return c.opError(op, bare(err))
}

// flush sends the held frames if the loop has ended or may have to wait.
func (l *loop) flush() {
	if l.batch.Over() {
		_ = l.c.sendHeld(l.ctx) // the next call returns the error
	}
}
