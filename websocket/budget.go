package websocket

import (
	"context"
	"sync/atomic"
)

// A Budget caps how many bytes of messages several connections hold together. Without one, ten
// thousand peers that each send almost 1 MiB of a message, the default of Limits.MaxMessage, take
// 10 GiB. Set Limits.Budget of all of them to the same Budget.
//
// It counts the memory in which a message that does not arrive all at once is gathered, for as long
// as the connection owns that memory: until [Conn.Read] or [Conn.AppendRead] returns it, or
// the loop over [Conn.Messages] continues. The caller's memory, such as the capacity of
// AppendRead's dst, does not count, nor does a message that [Conn.Reader] streams. If there is no
// room, the connection is closed with 1013 (try again later) and [ErrBudget]. Bytes that are kept
// for an interrupted read have already arrived, and count even if there is no room.
//
// A slow sender holds its share for a long time, unless Limits.MessageTimeout is set.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget returns a budget of n bytes. If n is 0 or less, it has no room at all.
func NewBudget(n int64) *Budget { return &Budget{max: n} }

// Used returns how many bytes are in use. As allocations are rounded up, the memory may be a
// quarter more.
func (b *Budget) Used() int64 { return b.used.Load() }

// take takes n bytes, and reports whether there was room for them.
func (b *Budget) take(n int64) bool {
	for {
		used := b.used.Load()
		if n > b.max-used {
			return false
		}
		if b.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// A share is the part of a budget that a connection uses for the message that it gathers. It
// belongs to the holder of in.turn.
type share struct {
	budget *Budget // nil: no bound
	held   int64
}

// reserve grows the share to at least n bytes, or fails the connection.
func (c *Conn) reserve(ctx context.Context, n int) error {
	s := &c.in.share
	more := int64(n) - s.held
	if s.budget == nil || more <= 0 {
		return nil
	}
	if !s.budget.take(more) {
		return c.failConnection(ctx, ErrBudget)
	}
	s.held += more
	return nil
}

// resize sets the share to n bytes, whether there is room or not.
func (s *share) resize(n int) {
	if s.budget != nil {
		s.budget.used.Add(int64(n) - s.held)
		s.held = int64(n)
	}
}

// pass returns the share, which its caller has to resize, and leaves none.
func (s *share) pass() share {
	passed := *s
	s.held = 0
	return passed
}
