package websocket

import (
	"context"
	"errors"

	"github.com/hawser-ws/hawser/wire"
)

var (
	errSuperseded   = errors.New("a later Reader has taken this message's place")
	errWriterClosed = errors.New("the MessageWriter is closed")
	errMessageType  = errors.New("a message is Text or Binary")
)

// Write sends p as one message. Any number of goroutines may write; each message
// goes out whole. p is neither kept nor changed. Text must be UTF-8: it is not
// checked, and a peer will close a connection that carries other text with 1007.
//
// Write returns once the transport has taken the message. If ctx ends before its
// first byte is out, the message is not sent, and the connection is as before. If
// ctx ends in the middle, the message counts as accepted: the rest, up to 1 MiB, is
// sent before anything else, and the error has Accepted set. A message that an
// extension has transformed when ctx ends is accepted too, although none of it may
// be out: the peer must see it, or the two would lose each other. Over TLS a message
// cut in the middle ends the connection.
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

func (c *Conn) writeMessage(ctx context.Context, t MessageType, p []byte, plain bool) error {
	if err := c.beginMessage(ctx, t); err != nil {
		return err
	}
	defer c.endMessage()
	f := frame{Header: wire.Header{Fin: true, Opcode: wire.Opcode(t)}, payload: p}
	if c.session == nil {
		return c.writeFrame(ctx, "write", f)
	}
	return c.encodeFrame(ctx, f, plain)
}

// encodeFrame sends a message of one frame through the extension, if that wants
// it.
func (c *Conn) encodeFrame(ctx context.Context, f frame, plain bool) error {
	// The turn comes first. Once encoded, the message has to go out, because the
	// state that the peer shares has moved.
	if err := c.out.frames.lock(ctx, c.ctx); err != nil {
		return c.fault("write", err)
	}
	defer c.unlockFrames()
	enc := c.session.Encode(wire.MessageInfo{Text: f.Opcode == wire.OpText, Plain: plain, Size: int64(len(f.payload))})
	if enc == nil {
		return c.writeLocked(ctx, "write", f)
	}
	b := getBlock()
	defer putBlock(b)
	out, err := enc.Append(b[:0], f.payload, true)
	if err != nil {
		return c.endWith("write", extensionError(err))
	}
	f.RSV, f.payload, f.keep = c.rsv, out, true
	return c.writeLocked(ctx, "write", f)
}

// beginMessage takes the turn to write a message of type t.
func (c *Conn) beginMessage(ctx context.Context, t MessageType) error {
	if t != Text && t != Binary {
		return c.fault("write", errMessageType)
	}
	if err := ctx.Err(); err != nil {
		return c.fault("write", err)
	}
	if err := c.out.messages.lock(ctx, c.ctx); err != nil {
		return c.fault("write", err)
	}
	if c.ctx.Err() != nil { // a turn that is free is given also after the end
		c.endMessage()
		return c.fault("write", nil)
	}
	return nil
}

func (c *Conn) endMessage() {
	c.out.messages.unlock()
	c.releaseIfEnded()
}

// Writer returns a writer of one message of type t, which need not fit in memory:
// it leaves in fragments of up to 16 KiB. Other messages wait until it is closed.
// ctx bounds all of its calls.
func (c *Conn) Writer(ctx context.Context, t MessageType) (*MessageWriter, error) {
	return c.newWriter(ctx, t, false)
}

// PlainWriter is Writer past any extension, as WritePlain is Write.
func (c *Conn) PlainWriter(ctx context.Context, t MessageType) (*MessageWriter, error) {
	return c.newWriter(ctx, t, true)
}

func (c *Conn) newWriter(ctx context.Context, t MessageType, plain bool) (*MessageWriter, error) {
	if err := c.beginMessage(ctx, t); err != nil {
		return nil, err
	}
	w := &MessageWriter{c: c, ctx: ctx}
	w.frame.Opcode = wire.Opcode(t)
	if c.session != nil {
		w.enc = c.session.Encode(wire.MessageInfo{Text: t == Text, Plain: plain, Size: -1})
		if w.enc != nil {
			w.frame.RSV, w.frame.keep = c.rsv, true
		}
	}
	return w, nil
}

// A MessageWriter writes one message as it is made. It is an [io.WriteCloser].
// Close must be called, or the connection can send no other message.
type MessageWriter struct {
	c     *Conn
	ctx   context.Context
	enc   wire.MessageEncoder // nil: plain
	frame frame               // header of the next fragment
	buf   []byte              // payload of the next fragment
	begun bool                // a fragment went out
	ended bool                // the last one did
	gone  bool                // the turn to write was given back
	err   error               // final
}

// fragmentSize is the payload of a full fragment: with its header it fits a block.
const fragmentSize = blockSize - wire.MaxHeaderSize

// Write appends p to the message. It does not keep p.
func (w *MessageWriter) Write(p []byte) (n int, err error) {
	for len(p) > 0 {
		if w.err != nil {
			return n, w.err
		}
		m := min(len(p), fragmentSize)
		if w.enc == nil {
			m = min(m, fragmentSize-len(w.buf))
			w.buf = append(w.buf, p[:m]...)
		} else if err := w.encode(p[:m], false); err != nil {
			return n, err
		}
		n += m
		p = p[m:]
		if len(w.buf) >= fragmentSize {
			if err := w.send(false); err != nil {
				return n, err
			}
		}
	}
	return n, w.err
}

// Flush sends what has been written so far as a fragment of its own. What an
// extension holds back to the end of the message stays there.
func (w *MessageWriter) Flush() error {
	if w.err != nil || len(w.buf) == 0 {
		return w.err
	}
	return w.send(false)
}

// Close ends the message and sends what is left of it. A message that ctx has
// ended before anything was sent is dropped and harms nothing. One of which a part
// is out cannot be ended truly, nor can one that an extension transforms, so the
// connection ends, unless it is being closed anyway.
func (w *MessageWriter) Close() error {
	if w.gone {
		return w.err
	}
	err := w.err
	if err == nil && w.enc != nil {
		err = w.encode(nil, true)
	}
	if err == nil {
		err = w.send(true)
	}
	if !w.ended && (w.begun || w.enc != nil) && !w.c.closing.sent.Load() {
		err = w.c.endWith("write", err)
	}
	w.err = w.c.fault("write", errWriterClosed)
	w.buf, w.gone = nil, true
	w.c.endMessage()
	return err
}

// send sends buf as the next fragment.
func (w *MessageWriter) send(fin bool) error {
	w.frame.Fin, w.frame.payload = fin, w.buf
	err := w.c.writeFrame(w.ctx, "write", w.frame)
	w.buf = w.buf[:0]
	var e *Error
	if err == nil || errors.As(err, &e) && e.Accepted {
		w.begun, w.ended = true, fin
		w.frame.Opcode, w.frame.RSV = wire.OpContinuation, 0
	}
	if err != nil {
		w.err = err
	}
	return err
}

func (w *MessageWriter) encode(p []byte, fin bool) error {
	buf, err := w.enc.Append(w.buf, p, fin)
	if err != nil {
		w.err = w.c.endWith("write", extensionError(err))
		return w.err
	}
	w.buf = buf
	return nil
}
