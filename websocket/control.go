package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// OnControl registers f to be called for the peer's control frames (RFC 6455, section 5.5): its
// pings, pongs and close frame. The goroutine that reads calls f as they arrive, also between the
// fragments of a message. op is [wire.OpPing], [wire.OpPong] or [wire.OpClose]. The payload, at
// most 125 bytes, is valid until f returns. [wire.ConsumeClose] parses that of a close frame.
//
// A connection answers pings and close frames itself, unless f returns true. The program then
// answers with [Conn.WriteControl] or [Conn.Close], from within f or later. A close frame must be
// answered: if the program does not do so within Limits.CloseTimeout, the connection does. The
// connection ends once the answer is out. Until then messages can still be written, and reads
// return the [*CloseError]. The result of f is ignored for a pong, which also reaches [Conn.Ping],
// and for a close frame that answers one from this side.
//
// f must return soon. It must not read, nor wait for the goroutine that reads: it must not call
// Ping, and may call Close only for a close frame. A frame that exceeds Limits.MaxControls does not
// reach f. A nil f removes the function of an earlier call. OnControl may be called at any time. It
// takes effect with the next control frame.
func (c *Conn) OnControl(f func(op wire.Opcode, payload []byte) (handled bool)) {
	c.closing.watch()
	if f == nil {
		c.onControl.Store(nil)
		return
	}
	c.onControl.Store(&f)
}

// WriteControl sends a control frame (RFC 6455, section 5.5): [wire.OpPing] or [wire.OpPong] with
// any payload of up to 125 bytes, or [wire.OpClose] with a payload from [wire.AppendClose]. It does
// not wait for an answer, and may send the frame between the fragments of a message. ctx applies as
// in [Conn.Write]. The payload is neither kept nor changed.
//
// After a close frame nothing more can be sent. To see the peer's close frame, keep reading, or
// call [Conn.Close], which then waits for it. A second close frame is not sent, and the error
// matches [net.ErrClosed]. OnControl sees the pong that answers a ping of WriteControl. That pong
// does not count against Limits.MaxControls.
func (c *Conn) WriteControl(ctx context.Context, op wire.Opcode, payload []byte) error {
	name := "write"
	switch op {
	case wire.OpPong:
	case wire.OpPing:
		name = "ping"
	case wire.OpClose:
		return c.writeClose(ctx, payload)
	default:
		return c.opError(name, errControl)
	}
	if err := transport.Ended(ctx); err != nil {
		return c.opError(name, err)
	}
	if err := c.out.frames.Lock(ctx, c.ctx); err != nil {
		return c.opError(name, err)
	}
	defer c.unlockFrames()
	if op == wire.OpPing {
		c.pings.Expect(1)
	}
	err := c.writeLocked(ctx, name, &frame{Header: wire.Header{Fin: true, Opcode: op}, payload: payload})
	if op == wire.OpPing && err != nil && !isAccepted(err) {
		c.pings.Expect(-1)
	}
	return err
}
