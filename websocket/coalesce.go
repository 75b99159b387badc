package websocket

import (
	"context"
	"errors"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// While the loop over Messages has another whole message, Reply holds its frames in a block, so that
// the replies to messages that arrived together leave in one write. Every other frame is written
// behind them, in the same write if it fits into the block.

const (
	maxReplies = 16 << 10         // bytes that are held
	replyTime  = time.Millisecond // for which they are held
)

// replies are the frames that Reply holds. They belong to the holder of out.frames.
type replies struct {
	blk   *transport.Block // nil if nothing is held
	n     int              // bytes of blk
	timer *time.Timer      // sends them after replyTime
}

// Reply sends p as one message in reply to m, like [Conn.Write], but may hold it for a moment: while
// another whole message has already arrived, so that the replies to messages that arrived together
// leave in one write. A reply to a message that arrived alone is never held. Reply is for the body of
// the loop over [Conn.Messages] that yielded m. Called later, it may hold its message only while a
// loop is in the same position.
//
// Held messages leave at the latest when the loop asks for a message that has not arrived whole, or
// ends, after a millisecond, and when they reach 16 KiB. [Conn.Flush] sends them at once. They leave
// before any other message, ping, pong or close frame. CloseNow drops them.
//
// A held message counts as written: Reply has returned nil. If it cannot be sent after all, writing
// has failed, as for any Write, and the next write or Flush returns the error.
func (m Message) Reply(ctx context.Context, t MessageType, p []byte) error {
	c := m.c
	if c == nil {
		return &Error{Op: "write", Err: errNotYielded}
	}
	if err := c.beginMessage(ctx, t, len(p)); err != nil {
		return err
	}
	defer c.endMessage()
	f := frame{Header: wire.Header{Fin: true, Opcode: wire.Opcode(t)}, payload: p, size: int64(len(p)), reply: true}
	return c.sendMessage(ctx, f, false)
}

var errNotYielded = errors.New("message is not from Messages")

// Flush sends the messages that [Message.Reply] holds, and waits until the transport has taken them.
// If ctx ends before that, they are sent later, before anything else.
func (c *Conn) Flush(ctx context.Context) error {
	err := transport.Ended(ctx)
	if err == nil {
		err = c.lockFrames(ctx, 0)
	}
	if err != nil {
		return c.opError("write", err)
	}
	defer c.unlockFrames()
	return c.writeQueued(ctx)
}

// A batch is what a loop over Messages knows of the messages that have arrived together.
type batch struct {
	more bool // another whole message follows; replies are held
	held bool // replies may be held
}

// next is called for each message, with whether another whole one follows.
func (b *batch) next(c *Conn, more bool) {
	if more != b.more {
		b.more = more
		c.pipelined.Store(more)
	}
	b.held = b.held || more
}

// end is called when the loop may have to wait, and sends what is held.
func (b *batch) end(ctx context.Context, c *Conn) {
	if !b.held || b.more {
		return
	}
	b.held = false
	if c.lockFrames(ctx, 0) == nil { // otherwise the timer sends it
		_ = c.writeQueued(ctx) // the next call returns the error
		c.unlockFrames()
	}
}

// sendReplies is called when replies have been held for replyTime.
func (c *Conn) sendReplies() {
	if c.out.frames.Lock(context.Background(), c.ctx) == nil {
		_ = c.writeQueued(context.Background()) // the next call returns the error
		c.unlockFrames()
	}
}

// held returns how many bytes are held.
func (o *outgoing) held() int {
	if o.replies == nil {
		return 0
	}
	return o.replies.n
}

// holds reports whether f is to be held.
func (c *Conn) holds(f *frame) bool {
	return f.reply && c.pipelined.Load() && c.out.held()+maxSize(f) <= maxReplies
}

// maxSize returns the largest size that f can have as one frame.
func maxSize(f *frame) int { return wire.MaxHeaderSize + len(f.payload) }

// hold appends f to what is held.
func (c *Conn) hold(op string, f frame) error {
	o := &c.out
	r := o.replies
	if r == nil {
		r = &replies{timer: time.AfterFunc(replyTime, c.sendReplies)}
		o.replies = r
	}
	if r.blk == nil {
		r.blk = transport.GetBlock()
		r.timer.Reset(replyTime)
	}
	o.setKey(&f)
	buf, err := o.enc.AppendFrame(r.blk[:r.n], f.Header, f.payload)
	if err != nil {
		return c.opError(op, err)
	}
	r.n = len(buf)
	c.wrote(f)
	return nil
}

// takeHeld returns a block and what is held, which is in the block and no longer held.
func (o *outgoing) takeHeld() (*transport.Block, []byte) {
	r := o.replies
	if r == nil || r.blk == nil {
		b := transport.GetBlock()
		return b, b[:0]
	}
	b, buf := r.blk, r.blk[:r.n]
	r.timer.Stop()
	r.blk, r.n = nil, 0
	return b, buf
}

// restHeld moves what is held to the rest.
func (o *outgoing) restHeld() {
	if o.held() > 0 {
		b, buf := o.takeHeld()
		o.rest = append(o.rest, buf...)
		transport.PutBlock(b)
	}
}

// writeHeld sends what is held before f, for which the block has no room.
func (c *Conn) writeHeld(ctx context.Context, op string, f frame) error {
	err := c.writeQueued(ctx)
	switch {
	case !isAccepted(err):
		return err
	case f.keep:
		return c.keepFragments(err, f)
	}
	return c.opError(op, bare(err))
}

// isWhole reports whether p, which begins with a frame, contains the end of a message. Control
// frames before that do not matter: they are handled without reading more.
func isWhole(p []byte) bool {
	for len(p) > 0 {
		h, n, err := wire.ConsumeHeader(p)
		if err != nil || h.Length > int64(len(p)-n) {
			return false
		}
		if h.Fin && !h.Opcode.IsControl() {
			return true
		}
		p = p[n+int(h.Length):]
	}
	return false
}
