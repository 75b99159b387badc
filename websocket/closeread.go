package websocket

import "context"

// CloseRead starts a goroutine that reads until the connection ends, for programs that only send.
// It answers pings and the peer's close frame, and lets Ping, Close and [Conn.Context] notice what
// the peer does. CloseRead returns at once. It may be called at any time, and more than once.
//
// A message from the peer closes the connection with StatusPolicyViolation as soon as it begins.
// However, once this side has begun to close, or a write has failed, messages are dropped. Other
// reads fail with an error that matches [ErrConcurrentRead], or with that of a connection that has
// ended. A read that was called earlier may still return a message. If it has read only a part of
// one, the rest is skipped.
//
// The goroutine costs as much as one that waits in Read. Over TCP, that is about 3 KiB. Functions
// passed to [Conn.OnControl] run on it, and a [Handler] cannot recover their panics.
func (c *Conn) CloseRead() {
	if !c.closing.readClosed.Swap(true) {
		go c.refuseMessages()
	}
}

// refuseMessages reads until the connection ends, and allows no message to begin.
func (c *Conn) refuseMessages() {
	ctx := context.Background()
	if c.lockRead(ctx) != nil {
		return // the connection has ended
	}
	defer c.endRead()
	if c.ctx.Err() != nil || c.closing.reads {
		return
	}
	for {
		c.in.stream = skipped // so that startMessage skips an open message
		if c.startMessage(ctx) != nil {
			return
		}
		if c.canWrite() && !c.closing.local.Load() && !c.closing.sent.Load() {
			_ = c.failConnection(ctx, errUnexpected)
			return
		}
	}
}
