package websocket

import (
	"context"
	"sync/atomic"
)

// A Budget bounds how many bytes of messages connections hold together. Without it ten
// thousand peers that each begin a message of 1 MiB, the default of Limits.MaxMessage, and
// do not end it cost 10 GiB. Set one Budget as Limits.Budget of all of them.
//
// It counts the memory in which a message that does not come in one piece is gathered, for
// as long as the connection has it: until [Conn.Read] or [Conn.AppendRead] returns it, or
// the loop over [Conn.Messages] goes on. Memory of the caller's own, such as the capacity
// of AppendRead's dst, does not count, nor does what [Conn.Reader] streams. If there is no
// room, the message is refused: the connection fails with 1013 (try again later) and
// [ErrBudget]. A part that is kept for an interrupted read, and so has come already, counts
// even if there is no room.
//
// Peers that send slowly hold their share for long; see Limits.MessageTimeout.
type Budget struct {
	max  int64
	used atomic.Int64
}

// NewBudget returns a budget of n bytes. One of 0 or less has room for nothing.
func NewBudget(n int64) *Budget { return &Budget{max: n} }

// Used returns how many bytes are held. Allocation rounds up, so that the memory may be a
// quarter more.
func (b *Budget) Used() int64 { return b.used.Load() }

// take takes n bytes, if there is room for them.
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

// A share is what a connection holds of a budget for the message that it gathers. It
// belongs to the holder of the turn to read.
type share struct {
	budget *Budget // nil: no bound
	held   int64
}

// reserve makes the share at least n bytes, or fails the connection.
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

// resize makes the share n bytes, whether there is room or not.
func (s *share) resize(n int) {
	if s.budget != nil {
		s.budget.used.Add(int64(n) - s.held)
		s.held = int64(n)
	}
}

// pass returns the share, for the holder to resize, and leaves none.
func (s *share) pass() share {
	passed := *s
	s.held = 0
	return passed
}
