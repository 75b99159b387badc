package websocket

import (
	"context"
	"net"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/bucket"
	"github.com/hawser-ws/hawser/wire"
)

// epoch is the origin of a monotonic clock.
var epoch = time.Now()

// ConnOptions configure a connection that [NewConn] makes. A nil pointer means the zero value: a
// server with no subprotocol, no extension and default limits.
type ConnOptions struct {
	// Role is the role of this program. A client masks what it sends and waits for its server to
	// close the transport (RFC 6455, sections 5.1 and 7.1.1). Default: wire.Server.
	Role wire.Role

	// Subprotocol is what [Conn.Subprotocol] returns.
	Subprotocol string

	// Extension is what [Conn.Extension] returns.
	Extension wire.ExtensionSpec

	// Session is the state of the extension, as the extension's Accept or Confirm returned it. The
	// Conn closes it. Default: no extension.
	Session wire.Session

	// Early holds the bytes that the peer sent after its handshake and that have already been read.
	// The Conn owns the slice from then on.
	Early []byte

	// Limits apply to the connection. Those of the opening handshake are not used:
	// HandshakeTimeout, MaxResponseHeader and MaxHandshakeFields.
	Limits Limits

	// Events, if set, are called as things happen on the connection, for logs and metrics.
	Events *Events
}

// NewConn returns a connection over nc, on which the opening handshake is done or not needed: an
// HTTP/2 stream, an SSH channel, one end of a [net.Pipe] in a test. Both sides must agree on opts.
//
// The Conn owns nc from then on. It clears nc's deadlines, and closes nc in the end. It works over
// any net.Conn. The section Transports of the package documentation says what changes without
// deadlines. NewConn itself neither reads nor writes.
//
// The connection's context has the values of ctx, but does not end with it.
func NewConn(ctx context.Context, nc net.Conn, opts *ConnOptions) *Conn {
	var own ConnOptions
	if opts != nil {
		own = *opts
	}
	c := newConn(ctx, nc, &own)
	c.accepted(nil, own.Events)
	return c
}

// newConn is NewConn without the Events, which accepted adds. It may change opts.
func newConn(ctx context.Context, nc net.Conn, opts *ConnOptions) *Conn {
	limits := &opts.Limits
	limits.setDefaults()
	c := &Conn{session: opts.Session, agreed: &nothing}
	if opts.Subprotocol != "" || opts.Extension.Name != "" {
		c.agreed = &agreed{opts.Subprotocol, opts.Extension}
	}
	c.ctx.Init(ctx)
	c.closeWithin, c.writeWithin = limits.CloseTimeout, limits.WriteTimeout
	if !c.tr.Init(nc) {
		c.tr.Watch(c.abortOverdue)
	}
	c.in.dec = wire.Decoder{
		Role:              opts.Role,
		MaxEmptyFragments: limits.MaxEmptyFragments,
		MaxControls:       -1, // in.controls counts them
	}
	c.keepalive = c.pings.KeepAlive((*pingedPeer)(c), limits.PingInterval, limits.PongTimeout)
	if c.keepalive != nil {
		c.tr.Wr.Taken = new(atomic.Int64)
	}
	c.in.max.Store(limits.MaxMessage)
	if b := limits.Budget; b != nil {
		c.in.share.Pool = &b.pool
	}
	if limit := limits.MessageTimeout; limit > 0 {
		c.in.pace = &pace{limit: limit}
	}
	c.in.unread = opts.Early
	c.in.controls = bucket.Bucket{Max: limits.MaxControls, Full: time.Since(epoch)}
	c.out.enc = wire.Encoder{Role: opts.Role}
	c.out.maxFrame = frameLimit(limits.MaxWriteFrame)
	if s := opts.Session; s != nil {
		rsv, perFrame := s.Bits()
		c.in.dec.RSV, c.in.dec.FrameRSV = rsv, perFrame
		c.out.enc.RSV, c.out.enc.FrameRSV = rsv, perFrame
		if s, ok := s.(wire.IdleSession); ok {
			c.tr.Rd.Idle = s.Idle
		}
	}
	return c
}
