package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A Conn is an open WebSocket connection, made by [Accept], [Handler], [Dial] or
// [NewConn].
//
// One goroutine may read at a time, any number may write, ping and close. Read as
// long as the connection lives: pings, pongs and the peer's close frame are seen
// only by whoever reads. Close or CloseNow must be called in the end; a Handler
// sees to that.
//
// After the connection has ended, every method that waits, Close included, returns an
// error that matches [net.ErrClosed], and [Conn.Closure] tells how it ended.
//
// A read that finds the peer's close frame or a breach of the protocol returns once our
// own close frame is out, or once its context ends. The frame is then sent all the same,
// within Limits.CloseTimeout. No call waits for TCP to be closed after that, which takes
// a second at most, or Limits.CloseTimeout where a client waits for its server to do so.
//
// A write that fails ends writing alone. What the peer has sent before, its close frame
// above all, can still be read. Reads wait for more of it for a second altogether, and
// take up to 16 MiB. If nobody reads, the Conn itself reads up to 1 MiB and keeps it,
// and the connection ends after a second.
type Conn struct {
	// What the handshake settled.
	subprotocol string
	extension   wire.ExtensionSpec
	session     wire.Session  // nil: no extension
	rsv         byte          // the bits session sets on the first frame of a message
	closeWithin time.Duration // Limits.CloseTimeout
	writeWithin time.Duration // Limits.WriteTimeout

	// One concern each; see the file of that name.
	tr      transport
	in      incoming
	out     outgoing
	closing closing
	ending  ending
	pings   pings
	stats   stats

	onControl atomic.Pointer[func(op wire.Opcode, payload []byte) (handled bool)]

	// ctx ends with the connection; its cause is the error it ended with.
	ctx    context.Context
	cancel context.CancelCauseFunc

	releasing sync.Mutex
	released  bool
}

// Context returns the connection's context. It holds the values of the request,
// or of the context given to Dial, and ends with the connection: when both close frames
// are exchanged, say, though TCP may be closed a little later. [context.Cause] then
// returns a [*CloseError] if the peer closed the connection, or an [*Error].
func (c *Conn) Context() context.Context { return c.ctx }

// watched returns ctx, or a context that never ends if ctx is the connection's
// own: the transport is closed when that ends, and to watch it, too, would cost
// half a kilobyte for as long as a Handler reads.
func (c *Conn) watched(ctx context.Context) context.Context {
	if ctx == c.ctx {
		return context.Background()
	}
	return ctx
}

// Subprotocol returns the subprotocol that was agreed on, or "" (RFC 6455,
// section 1.9).
func (c *Conn) Subprotocol() string { return c.subprotocol }

// Extension returns the extension that was agreed on, with the parameters of the
// server's answer (RFC 6455, section 9.1), or the zero ExtensionSpec. Its Params must not be
// changed.
func (c *Conn) Extension() wire.ExtensionSpec { return c.extension }

// SetMaxMessage changes Limits.MaxMessage, in bytes, from the next frame on, or from
// the next byte of a compressed message: after a login, say. 0 means the default,
// negative no limit. It may be called at any time.
func (c *Conn) SetMaxMessage(n int64) {
	setDefault(&n, DefaultMaxMessage)
	c.in.max.Store(n)
}

// RemoteAddr returns the address of the peer, or of the proxy on the way.
func (c *Conn) RemoteAddr() net.Addr { return c.tr.nc.RemoteAddr() }

// LocalAddr returns the local address.
func (c *Conn) LocalAddr() net.Addr { return c.tr.nc.LocalAddr() }

// TLS returns the state of the TLS connection, or nil if there is none. It asks the
// transport for its ConnectionState, and a transport without one for its NetConn.
func (c *Conn) TLS() *tls.ConnectionState { return tlsState(c.tr.nc) }

// NetConn returns the transport, to set its options. Do not read from it, write to
// it, set its deadlines or close it.
func (c *Conn) NetConn() net.Conn { return c.tr.nc }
