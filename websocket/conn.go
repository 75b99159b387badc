// A maintainer's map of this package.
//
// Who owns what. A Conn is a table of contents: each concern is a struct in the file of its name.
// The holder of in.turn reads: incoming, tr.Rd and, after a failed write, lastReads belong to it.
// The holder of out.messages sends a message. The holder of out.frames writes a frame: the encoder,
// out.rest, out.held and tr.Wr belong to it. Any goroutine may use ctx, ending, pings and stats,
// which have a mutex or atomics. The transport is internal/transport, which knows nothing of
// frames. The opening handshake comes before the Conn: accept_*.go on a server, dial_*.go on a
// client, handshake.go for both.
//
// Order of locks: in.turn, out.messages, out.frames, out.mu. Below those are the mutexes of turns,
// deadlines, ctx, ending, pings and stats, which are held for a few lines and never together.
// Against that order a lock is only tried: in.turn by abortWrite, which has out.frames; out.frames
// by answerPing, flushPongs and postpone under out.mu; in.turn and out.messages by releaseIfEnded.
//
// The functions of Events (events.go) are called without a mutex, but by the holder of a turn: Read
// by that of in.turn, Wrote by that of out.frames. The first call of end calls Closed.
//
// The read path:
//  1. Read, AppendRead, Messages and Reader (read.go) take in.turn in beginRead (incoming.go).
//  2. If in.unread is empty, startMessage calls fill, which reads. Then it calls decode, which takes
//     frames from the wire.Decoder. Within a message, nextPiece does the same.
//  3. tr.ReadBlock (internal/transport/read.go) reads into a pooled block with one system call.
//  4. readControl answers a ping (pong.go) or a close frame (closing.go), or wakes Ping (ping.go).
//  5. takePiece takes the payload in place. readSome copies it, or an extension decodes it, and
//     gather (gather.go) joins the pieces of a message.
//  6. endRead gives back the block, unless the message is lent from it, and the turn.
//
// A read tells the keepalive (internal/heartbeat) that it waits and whether bytes have come. The
// timer there does the rest. It sends pings with the queue of pongs (pong.go), and sees the Conn
// through the methods in keepalive.go.
//
// The write path:
//  1. Write, Writer and WritePrepared take out.messages in beginMessage (write.go).
//  2. encodeMessage compresses the message if there is an extension.
//  3. writeFrame (fragment.go) takes out.frames for each fragment of at most MaxWriteFrame bytes.
//  4. writeSmall (outgoing.go) makes the frame in a pooled block and masks it on a client.
//  5. tr.Write (internal/transport/write.go) writes it with one system call, or waits and goes on.
//  6. Message.Reply (coalesce.go) may hold the frame instead, and the next write takes it along. If
//     out.messages is free, Reply takes out.frames alone.
//  7. If a write is cut, interruptedWrite keeps the rest, which unlockFrames sends before it gives
//     the turn back. A write that fails otherwise goes to abortWrite.
//
// How a connection ends:
//   - Every fact is recorded in ending before anything else is done about it. The first one wins.
//   - closing.go has the closing handshake: Close sends a close frame and reads up to the peer's,
//     and answerClose answers the peer's. failConnection (ending.go) is for a peer that broke a rule.
//   - After either, the teardown (teardown.go) sends our close frame, ends the connection, drains
//     the transport and closes it, on its own goroutine unless nothing has to wait.
//   - abortWrite (write_failed.go) ends writing alone. The reader goes on, for at most a second.
//   - end (ending.go) ends Conn.ctx (internal/life) and with it every wait. releaseIfEnded frees
//     what is left.
//   - hangUp (teardown.go) is end for a caller that does not wait for the peer's close frame.
//   - A Group (group.go) lets go of a connection after closeTransport (ending.go) and Serve.

package websocket

import (
	"context"
	"crypto/tls"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/heartbeat"
	"github.com/hawser-ws/hawser/websocket/internal/life"
	"github.com/hawser-ws/hawser/websocket/internal/socket"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A Conn is an open WebSocket connection. [Accept], [Handler], [Dial] and [NewConn] make one.
//
// One goroutine may read at a time. Any number may write, ping and close. Some goroutine must read
// for as long as the connection is open: only a read sees pings, pongs and the peer's close frame.
// CloseRead does so for a program that only sends. Close or CloseNow must be called in the end; a
// Handler does so itself.
//
// After the connection has ended, every blocking method, Close included, returns an error that
// matches [net.ErrClosed], and [Conn.Closure] returns how the connection ended.
//
// A read that finds the peer's close frame or a protocol violation returns after this side's close
// frame has been sent, or when its context ends. In the latter case the frame is still sent, within
// Limits.CloseTimeout. No call waits for TCP to be closed afterwards. That takes a second at most,
// or Limits.CloseTimeout on a client that waits for its server to close TCP.
//
// Once a write has failed for good, nothing more can be written, but what the peer sent, such as
// its close frame, can still be read. Reads wait for more for one second in total, and accept up to
// 16 MiB. If no goroutine reads, the Conn itself reads up to 1 MiB and keeps it, and the connection
// ends after a second.
type Conn struct {
	// Set by the opening handshake.
	agreed      *agreed       // may be shared
	session     wire.Session  // nil without an extension
	closeWithin time.Duration // Limits.CloseTimeout
	writeWithin time.Duration // Limits.WriteTimeout
	group       *Group        // AcceptOptions.Group

	// One concern each, in the file of its name.
	tr      transport.Transport
	in      incoming
	out     outgoing
	closing closing
	ending  ending
	pings   heartbeat.Pings
	stats   stats
	events  *events // nil: none

	keepalive *heartbeat.Keepalive // nil without Limits.PingInterval

	onControl atomic.Pointer[func(op wire.Opcode, payload []byte) (handled bool)]

	ctx life.Context // its cause is the error that the connection ended with

	releasing sync.Mutex
}

// An agreed is the result of the opening handshake, apart from a session.
type agreed struct {
	subprotocol string
	extension   wire.ExtensionSpec
}

// nothing is the result for most connections: no subprotocol and no extension.
var nothing agreed

// Context returns the connection's context. It has the values of the request, or of the context
// given to Dial. It ends with the connection: for example, when both close frames are exchanged,
// although TCP may be closed a little later. [context.Cause] then returns a [*CloseError] if the
// peer closed the connection, and an [*Error] otherwise.
func (c *Conn) Context() context.Context { return &c.ctx }

// watched returns ctx, or a context that never ends if ctx is the connection's own. The transport
// is closed when the connection ends, and watching its context would cost half a kilobyte while a
// Handler reads.
func (c *Conn) watched(ctx context.Context) context.Context {
	if ctx == c.Context() {
		return context.Background()
	}
	return ctx
}

// Subprotocol returns the negotiated subprotocol, or "" if there is none (RFC 6455, section 1.9).
func (c *Conn) Subprotocol() string { return c.agreed.subprotocol }

// Extension returns the negotiated extension with the parameters of the server's answer (RFC 6455,
// section 9.1), or the zero ExtensionSpec if there is none. Its Params must not be changed.
func (c *Conn) Extension() wire.ExtensionSpec { return c.agreed.extension }

// SetMaxMessage changes Limits.MaxMessage to n bytes, such as after a login. It takes effect with
// the next frame, or with the next byte of a compressed message. 0 means the default, and a
// negative n means no limit. It may be called at any time.
func (c *Conn) SetMaxMessage(n int64) {
	setDefault(&n, DefaultMaxMessage)
	c.in.max.Store(n)
}

// RemoteAddr returns the address of the peer, or of the proxy in between.
func (c *Conn) RemoteAddr() net.Addr { return c.tr.Conn.RemoteAddr() }

// LocalAddr returns the local address.
func (c *Conn) LocalAddr() net.Addr { return c.tr.Conn.LocalAddr() }

// TLS returns the state of the TLS connection, or nil without TLS. It calls the transport's
// ConnectionState method. If the transport has none, it looks at the result of its NetConn method.
func (c *Conn) TLS() *tls.ConnectionState { return socket.TLSState(c.tr.Conn) }

// NetConn returns the transport, so that you can set its options. Do not read from it, write to it,
// set its deadlines or close it. To read and write a stream, use [Conn.ByteStream].
func (c *Conn) NetConn() net.Conn { return c.tr.Conn }
