package websocket

import (
	"context"
	"io"
	"iter"
	"slices"

	"github.com/hawser-ws/hawser/websocket/internal/gather"
	"github.com/hawser-ws/hawser/websocket/internal/held"
)

// A Message is a message that [Conn.Messages] yields.
type Message struct {
	Type MessageType
	Data []byte // valid until the next iteration or the end of the loop; may be changed

	loop *loop // for Reply
}

// Read reads the next message. The slice is the caller's.
//
// A message over Limits.MaxMessage, text that is not UTF-8, and any other protocol violation close
// the connection with the status code that RFC 6455 requires. The error is an [*Error] that wraps a
// [wire.Error]. If the peer closed the connection, the error is its [*CloseError].
//
// If ctx ends first, the error wraps ctx's error, nothing is lost, and the connection is as before:
// the next Read or AppendRead continues with the part of a message that has arrived.
//
// While a goroutine reads, pings are answered and pongs reach [Conn.Ping]. Only one goroutine may
// read at a time. Another one gets [ErrConcurrentRead].
func (c *Conn) Read(ctx context.Context) (MessageType, []byte, error) {
	return c.AppendRead(ctx, nil)
}

// AppendRead reads the next message like [Conn.Read] and appends it to dst. It allocates only if
// the message does not fit the capacity of dst, if a compressed message leaves none of it free, or
// if a read of the message was interrupted. With an error it returns dst unchanged.
func (c *Conn) AppendRead(ctx context.Context, dst []byte) (MessageType, []byte, error) {
	if err := c.beginRead(ctx); err != nil {
		return 0, dst, err
	}
	defer c.endRead()
	if err := c.startMessage(ctx); err != nil {
		return 0, dst, err
	}
	typ, p, err := c.appendMessage(ctx, dst, nil)
	if err == nil {
		c.in.share.Resize(0) // the memory is the caller's
	}
	return typ, p, err
}

// Messages returns an iterator over the messages that the peer sends.
//
//	for m, err := range c.Messages(ctx) {
//		if err != nil {
//			return err
//		}
//		…
//	}
//
// The loop ends without an error if the connection was closed normally: by the peer with
// StatusNormalClosure, with StatusGoingAway, which browsers send when the user leaves a page and
// servers when they restart, or with no status; or by this side with [Conn.Close] or CloseNow. A
// client that reconnects can call [Conn.Closure] after the loop to see which it was. Any other
// error is yielded once, with a zero Message, and ends the loop. After an error of ctx, a new loop
// continues where this one stopped.
//
// Messages does not copy a message that arrived in one piece. Data is valid until the loop asks for
// the next message or ends, even by a break.
func (c *Conn) Messages(ctx context.Context) iter.Seq2[Message, error] {
	return func(yield func(Message, error) bool) {
		l := newLoop(ctx, c)
		defer l.end()
		for more := true; more; {
			typ, p, err := l.next()
			more = l.lend(typ, p, err, yield)
		}
	}
}

// A loop is the state of a loop over Messages.
type loop struct {
	c       *Conn
	ctx     context.Context
	loan         // the memory of the last message
	reading bool // next has in.turn
	batch   held.Batch
}

// newLoop allocates a loop on the heap, as the goroutine's stack has to be small while it waits.
//
//go:noinline
func newLoop(ctx context.Context, c *Conn) *loop { return &loop{c: c, ctx: ctx} }

// lend yields a message or an error. It is not inlined because a Message takes room on the stack.
//
//go:noinline
func (l *loop) lend(typ MessageType, p []byte, err error, yield func(Message, error) bool) (more bool) {
	if err == nil {
		return yield(Message{typ, p, l}, nil)
	}
	if !closedWell(err) {
		yield(Message{}, err)
	}
	return false
}

// next takes back the memory of the last message and returns the next message: in place if it
// arrived in one piece, and gathered otherwise. If next panics, end gives in.turn back: a defer here
// would take room on the stack.
func (l *loop) next() (typ MessageType, p []byte, err error) {
	c := l.c
	l.flush()
	if err := c.beginRead(l.ctx); err != nil {
		return 0, nil, err
	}
	l.reading = true
	l.takeBack()
	if err = c.startMessage(l.ctx); err == nil {
		in := &c.in
		if in.ext == nil && in.last && len(in.kept) == 0 {
			typ, p, in.piece = in.typ, in.piece, nil
			in.lent++
			l.blk = in.blk
			c.messageEnded()
		} else {
			typ, p, err = l.gather()
		}
		l.batch.Next(in.unread)
	}
	l.reading = false
	c.endRead()
	return typ, p, err
}

// gather returns the open message, gathered in the loop's loan.
func (l *loop) gather() (MessageType, []byte, error) {
	typ, p, err := l.c.appendMessage(l.ctx, nil, &l.loan)
	if err != nil {
		l.free()
		return 0, nil, err
	}
	l.share = l.c.in.share.Pass()
	return typ, slices.Clip(p), nil // the rest of the memory may have bytes of other connections
}

// takeBack takes back the memory of the last message, unless the Conn no longer has it. The caller
// has in.turn.
func (l *loop) takeBack() {
	l.free()
	if l.blk != nil && l.blk == l.c.in.blk {
		l.c.in.lent--
	}
	l.blk = nil
}

// end takes back the memory of the last message and sends the held frames, even after a panic.
func (l *loop) end() {
	if l.reading { // a panic: the Conn's unread bytes may be in l.own
		l.own = gather.Memory{}
	}
	l.free()
	if l.reading || l.blk != nil && l.c.in.turn.TryLock() { // otherwise the holder of the turn drops the block
		l.takeBack()
		l.c.endRead()
	}
	l.batch.Next(nil)
	l.flush()
}

// Reader returns a reader of the next message, which need not fit in memory. MaxMessage still
// applies. Reader returns once the message has begun. The rest of the message of an earlier Reader
// is skipped.
//
// ctx applies to Reader and to the Reads that follow. A Read whose context ends loses nothing:
// continue with [MessageReader.SetContext].
func (c *Conn) Reader(ctx context.Context) (*MessageReader, error) {
	if err := c.beginRead(ctx); err != nil {
		return nil, err
	}
	defer c.endRead()
	if err := c.startMessage(ctx); err != nil {
		return nil, err
	}
	r := &MessageReader{c: c, ctx: ctx, typ: c.in.typ}
	c.in.stream = r
	return r, nil
}

// A MessageReader reads one message as it arrives. It is an [io.Reader].
type MessageReader struct {
	c   *Conn
	ctx context.Context
	typ MessageType
	eof bool
}

// Type returns the type of the message.
func (r *MessageReader) Type() MessageType { return r.typ }

// SetContext sets the context of later Reads.
func (r *MessageReader) SetContext(ctx context.Context) { r.ctx = ctx }

// Read reads up to len(p) bytes of the message into p. It returns [io.EOF] at the end of the
// message. Text is checked up to the last byte returned, which may be within a rune. Only the end
// of the message shows that all of it is valid.
func (r *MessageReader) Read(p []byte) (int, error) {
	if r.eof {
		return 0, io.EOF
	}
	if len(p) == 0 {
		return 0, nil
	}
	c := r.c
	if err := c.beginRead(r.ctx); err != nil {
		return 0, err
	}
	defer c.endRead()
	if c.in.stream != r {
		return 0, c.readError(errSuperseded)
	}
	b, err := c.readSome(r.ctx, p[:0:len(p)], len(p))
	if err != nil {
		return 0, err
	}
	if !c.in.open {
		r.eof = true
		if len(b) == 0 {
			return 0, io.EOF
		}
	}
	return len(b), nil
}
