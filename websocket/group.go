package websocket

import (
	"context"
	"iter"
	"time"
)

// A Group is the live connections of one or more handlers. Set AcceptOptions.Group of all of them
// to the same Group. Set its fields before its first use. The zero value is ready to use.
type Group struct {
	// MaxConns is how many connections may be open at once. Beyond it, handshakes are refused with
	// 503 and Retry-After. Default: no limit.
	MaxConns int

	// Spread is the time over which Shutdown sends its close frames, so that not all clients
	// reconnect at once. Default: at once.
	Spread time.Duration

	// RetryAfter is the value of the Retry-After field, rounded up to a second. Default: 1 s... see Shutdown
	RetryAfter time.Duration
}

// Len returns how many connections are live.
func (g *Group) Len() int { panic("TODO") }

// Conns returns an iterator over the live connections, in no particular order.
func (g *Group) Conns() iter.Seq[*Conn] { panic("TODO") }

// Draining returns a channel that is closed when Shutdown begins.
func (g *Group) Draining() <-chan struct{} { panic("TODO") }

// Shutdown closes all connections with 1001 and waits for them.
func (g *Group) Shutdown(ctx context.Context) error { panic("TODO") }
