package websocket

import (
	"context"

	"github.com/hawser-ws/hawser/websocket/internal/quota"
)

// A Budget caps how many bytes of messages several connections hold together. Without one, ten
// thousand peers that each send almost 1 MiB of a message, the default of Limits.MaxMessage, take
// 10 GiB. Set Limits.Budget of all of them to the same Budget.
//
// It counts the memory for gathering a message that does not arrive all at once, for as long as the
// connection owns that memory: until [Conn.Read] or [Conn.AppendRead] returns it, or
// the loop over [Conn.Messages] continues. The caller's memory, such as the capacity of
// AppendRead's dst, does not count, nor does a message that [Conn.Reader] streams. If there is no
// room, the connection is closed with 1013 (try again later) and [ErrBudget]. Bytes that are kept
// for an interrupted read have already arrived, and count even if there is no room.
//
// A slow sender holds its share for a long time, unless Limits.MessageTimeout is set.
type Budget struct{ pool quota.Pool }

// NewBudget returns a budget of n bytes. If n is 0 or less, it has no room at all.
func NewBudget(n int64) *Budget { return &Budget{quota.Pool{Max: n}} }

// Used returns how many bytes are in use. As allocations are rounded up, the memory may be a
// quarter more.
func (b *Budget) Used() int64 { return b.pool.Used() }

// reserve grows the share of the budget to at least n bytes, or fails the connection.
func (c *Conn) reserve(ctx context.Context, n int) error {
	if !c.in.share.Grow(n) {
		return c.failConnection(ctx, ErrBudget)
	}
	return nil
}
