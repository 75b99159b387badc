package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Writer returns a writer of one message of type t that need not fit in memory. The message is sent
// in fragments of up to 16 KiB, or of Limits.MaxWriteFrame if that is less; see
// [MessageWriter.SetFrameSize]. Other messages, even those of the same goroutine, wait until the
// writer is closed; see [Conn.Write]. ctx applies to all calls of the writer; see
// [MessageWriter.SetContext].
//
// A message of up to 16 KiB is sent as by Write. A larger one that an extension compresses is
// gathered in compressed form until Close, and sent as one frame, because Safari 15 to 17 cannot
// read such a message in fragments. Only the program, Flush and Limits.MaxWriteFrame limit its size
// in memory. PlainWriter never gathers more than 16 KiB.
func (c *Conn) Writer(ctx context.Context, t MessageType) (*MessageWriter, error) {
	return c.newWriter(ctx, t, false)
}

// PlainWriter is Writer without the extension, as WritePlain is Write.
func (c *Conn) PlainWriter(ctx context.Context, t MessageType) (*MessageWriter, error) {
	return c.newWriter(ctx, t, true)
}

func (c *Conn) newWriter(ctx context.Context, t MessageType, plain bool) (*MessageWriter, error) {
	if err := c.beginMessage(ctx, t, 0); err != nil {
		return nil, err
	}
	w := &MessageWriter{c: c, ctx: ctx, plain: plain, asked: c.session == nil, size: fragmentSize}
	w.frame.Opcode = wire.Opcode(t)
	w.setIdle(true)
	return w, nil
}

// A MessageWriter writes one message piece by piece. It is an [io.WriteCloser]. Close must be
// called: until then no other message can be sent, and those that wait fail with [ErrMessageOpen]
// after Limits.WriteTimeout.
type MessageWriter struct {
	c     *Conn
	ctx   context.Context
	plain bool                // without the extension
	asked bool                // the extension has accepted or declined the message
	enc   wire.MessageEncoder // nil if it has declined
	frame frame               // header of the next fragment
	size  int                 // payload of a full fragment, in bytes, if it is plain
	buf   []byte              // payload of the next fragment; before asked, the message so far
	begun bool                // a fragment was sent
	ended bool                // the last fragment was sent
	gone  bool                // out.messages was given back
	err   error               // final
}

// fragmentSize is the default size of a full fragment. With its header it fits into a block.
const fragmentSize = 16 << 10

// full returns how many bytes buf holds before a part of it is sent, or the extension is asked.
func (w *MessageWriter) full() int {
	switch {
	case !w.asked:
		return fragmentSize
	case w.enc != nil:
		return w.c.out.maxFrame
	}
	return min(w.size, w.c.out.maxFrame)
}

// SetContext sets the context of later calls. It does not undo an earlier failure.
func (w *MessageWriter) SetContext(ctx context.Context) { w.ctx = ctx }

// SetFrameSize sets the size of later fragments, in bytes. 0 means the default, 16 KiB. A negative
// n means no limit: the message is sent as one frame, for peers that take each frame for a message.
// The MessageWriter gathers up to n bytes before it sends them. Flush still ends a fragment, and
// Limits.MaxWriteFrame still applies. A message that an extension compresses is not affected.
func (w *MessageWriter) SetFrameSize(n int64) {
	setDefault(&n, fragmentSize)
	if w.size = frameLimit(n); w.enc == nil {
		w.frame.max = w.size
	}
}

// setIdle records whether no call of w is running, for those that wait until w is closed.
func (w *MessageWriter) setIdle(idle bool) {
	if !w.gone {
		w.c.out.messages.SetIdle(idle)
	}
}

// Write appends p to the message. It does not keep p.
func (w *MessageWriter) Write(p []byte) (n int, err error) {
	w.setIdle(false)
	defer w.setIdle(true)
	for len(p) > 0 && w.alive() {
		m := min(len(p), fragmentSize)
		if w.enc != nil {
			w.encode(p[:m], false)
			w.sendFull()
		} else if m = max(0, min(m, w.full()-len(w.buf))); m > 0 {
			w.buf = append(w.buf, p[:m]...)
		} else if w.asked {
			w.send(false) // only when there is more, or the last frame would be empty
		} else {
			w.ask()
			w.sendFull()
		}
		if w.err != nil {
			break
		}
		n += m
		p = p[m:]
		w.frame.size += int64(m)
	}
	return n, w.err
}

// alive reports whether the message can go on: no call has failed, and neither ctx nor the
// connection has ended.
func (w *MessageWriter) alive() bool {
	if err := transport.Ended(w.ctx); w.err == nil && (err != nil || !w.c.canWrite()) {
		w.err = w.c.opError("write", err)
	}
	return w.err == nil
}

// ask offers the message to the extension.
func (w *MessageWriter) ask() {
	w.asked = true
	text := w.frame.Opcode == wire.OpText
	w.enc = w.c.session.Encode(wire.MessageInfo{Text: text, Plain: w.plain, Size: -1})
	if w.enc != nil {
		w.frame.RSV = w.c.in.dec.RSV // never changes; out.enc belongs to the holder of out.frames
		w.frame.max, w.frame.keep = 0, true
		begun := w.buf
		w.buf = nil
		w.encode(begun, false)
	}
}

// Flush sends what has been written so far as a fragment. Bytes that an extension holds back until
// the end of the message stay there.
func (w *MessageWriter) Flush() error {
	w.setIdle(false)
	defer w.setIdle(true)
	if !w.alive() || len(w.buf) == 0 {
		return w.err
	}
	if !w.asked {
		w.ask()
	}
	if w.err == nil && len(w.buf) > 0 {
		w.send(false)
	}
	return w.err
}

// Close ends the message and sends the rest of it, as Write would.
//
// If its context has ended, or an earlier call has failed, the message cannot be completed. If none
// of it was sent, it is dropped, and the connection is as before. If a part was sent, or an
// extension has begun to compress it, the connection ends, unless it is being closed anyway.
// Nothing is sent or compressed before Flush is called or more than one fragment is written. A
// fragment has 16 KiB unless SetFrameSize or Limits.MaxWriteFrame changes that.
func (w *MessageWriter) Close() error {
	if w.gone {
		return w.err
	}
	w.setIdle(false)
	dead := !w.c.canWrite()
	var err error
	switch {
	case !w.alive():
		err = w.err
	case !w.asked:
		w.frame.Fin, w.frame.payload, w.frame.plain = true, w.buf, w.plain
		err = w.c.encodeMessage(w.ctx, &w.frame)
		w.ended = err == nil || isAccepted(err)
	default:
		if w.enc != nil {
			w.encode(nil, true)
		}
		if w.err == nil {
			w.send(true)
		}
		err = w.err
	}
	if !w.ended && (w.begun || w.enc != nil) {
		switch {
		case dead || w.c.closing.sent.Load():
			err = w.c.opError("write", err) // an earlier call may have been accepted, but not the message
		case w.c.canWrite():
			err = w.c.abortWrite("write", cutError("message not finished", err), false)
		}
	}
	w.err = w.c.opError("write", errWriterClosed)
	w.buf, w.gone = nil, true
	w.c.endMessage()
	return err
}

func (w *MessageWriter) sendFull() {
	full := w.full()
	n := len(w.buf) / full * full
	if w.err != nil || n == 0 {
		return
	}
	rest := w.buf[n:]
	w.buf = w.buf[:n]
	w.send(false)
	w.buf = append(w.buf, rest...)
}

// send sends buf as the next fragment.
func (w *MessageWriter) send(fin bool) {
	w.frame.Fin, w.frame.payload = fin, w.buf
	f := w.frame
	err := w.c.writeFrame(w.ctx, &f)
	w.buf = w.buf[:0]
	if err == nil || isAccepted(err) {
		w.begun, w.ended = true, fin
		w.frame.Opcode, w.frame.RSV = wire.OpContinuation, 0
	}
	w.err = err
}

// encode appends p, as encoded by the extension, to buf.
func (w *MessageWriter) encode(p []byte, fin bool) {
	buf, err := w.enc.Append(w.buf, p, fin)
	if err != nil {
		w.err = w.c.abortWrite("write", extensionError(err), false)
		return
	}
	w.buf = buf
}
