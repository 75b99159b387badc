package websocket

import (
	"context"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// Ping sends a ping, waits for its pong (RFC 6455, section 5.5.2), and returns the time between
// them. Another goroutine, or CloseRead, must be reading. Otherwise the pong is not seen, and
// Ping waits for ctx to end. Any number of goroutines may ping. Each ping has its own payload of
// 8 bytes.
func (c *Conn) Ping(ctx context.Context) (time.Duration, error) {
	if err := transport.Ended(ctx); err != nil {
		return 0, c.opError("ping", err)
	}
	// Begin must be called in the order in which pings are sent.
	if err := c.out.frames.Lock(ctx, c.ctx); err != nil {
		return 0, c.opError("ping", err)
	}
	id, payload, pong := c.pings.Begin()
	defer c.pings.Forget(id)
	f := &frame{Header: wire.Header{Fin: true, Opcode: wire.OpPing}, payload: payload}
	err := c.writeLocked(ctx, "ping", f)
	c.unlockFrames()
	if err != nil {
		return 0, err
	}
	select {
	case roundTrip := <-pong:
		return roundTrip, nil
	case <-ctx.Done():
		return 0, c.opError("ping", transport.Ended(ctx))
	case <-c.ctx.Done():
		return 0, c.opError("ping", nil)
	}
}

// takePong handles a pong with this payload, and reports whether it was solicited.
func (c *Conn) takePong(payload []byte) (asked bool) {
	roundTrip, asked := c.pings.Pong(payload)
	if e := c.events; roundTrip >= 0 && e != nil && e.Pong != nil {
		e.Pong(c, roundTrip)
	}
	return asked
}
