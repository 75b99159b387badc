package websocket

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"github.com/hawser-ws/hawser/websocket/internal/transport"
)

// A message that does not arrive in one piece is gathered in the caller's destination, in memory of
// the Conn's own, or for Messages in a pooled buffer. Memory is allocated as bytes arrive, whatever
// length is announced: at most about four times as much as has arrived.

// appendMessage appends the rest of the open message to dst, or to a gathering if l is not nil. If
// it is interrupted, it keeps what it has gathered.
func (c *Conn) appendMessage(ctx context.Context, dst []byte, l *loan) (MessageType, []byte, error) {
	in := &c.in
	typ, p, base := in.typ, dst, len(dst)
	resumed := len(in.kept) > 0
	if resumed {
		p, base, l, in.kept = in.kept, 0, nil, nil
	}
	p, err := c.gather(ctx, p, base, l)
	switch {
	case err != nil:
		in.keep(p, base, resumed || l == nil && cap(p) != cap(dst))
		in.share.resize(cap(in.kept))
		return 0, dst, err
	case resumed && (len(dst) > 0 || len(p) <= cap(dst)):
		p = append(dst, p...)
	}
	return typ, p, nil
}

// gather appends the rest of the open message to p, whose first base bytes are not part of the
// message. The first memory that it needs comes from l, unless that is nil.
func (c *Conn) gather(ctx context.Context, p []byte, base int, l *loan) ([]byte, error) {
	in := &c.in
	for in.open {
		if n := in.room(len(p)-base, cap(p)-len(p)); n > 0 {
			pool, total := -1, len(p)-base+n
			if l != nil {
				pool, total = gatheringOf(len(p)+max(1, len(in.piece)), total)
			}
			// A message that is complete now is the caller's at once and needs no share.
			if whole := in.last && in.ext == nil && len(p) == base; !whole {
				if err := c.reserve(ctx, total); err != nil {
					return p, err
				}
			}
			if l != nil {
				p = l.grow(p, pool, n)
			} else {
				p = slices.Grow(p, n)
			}
		}
		var err error
		if p, err = c.readSome(ctx, p, cap(p)-len(p)); err != nil {
			return p, err
		}
	}
	return p, nil
}

// room returns how many bytes of capacity the destination of the open message lacks, with have
// bytes gathered and free bytes free, or 0 if it lacks none.
func (in *incoming) room(have, free int) int {
	need := len(in.piece)
	switch {
	case free > 0 && (need <= free || in.ext != nil):
		return 0
	case in.ext == nil:
		return need + int(min(in.dec.Remaining(), 3*int64(have+need), transport.MaxSyscall))
	}
	// It is unknown how much ext will return. Grow as append does, but not beyond the one byte
	// that shows that the message is too big.
	need = max(512, have, 4*need)
	if limit := in.max.Load(); limit >= 0 && int64(have+need) >= limit {
		need = int(max(limit+1-int64(have), 1))
	}
	return need
}

// keep keeps p without its first base bytes, as the beginning of the open message, for the next
// read. own is whether the memory is the Conn's own, which then stays in use unless it is too
// large.
func (in *incoming) keep(p []byte, base int, own bool) {
	room := cap(p)
	switch p = p[base:]; {
	case len(p) == 0:
		p = nil
	case !own || room > 5*len(p)+minGathering: // room grows fourfold and is rounded up
		p = bytes.Clone(p)
	}
	in.kept = p
}

// A loan is the memory of a message that Messages has yielded: a block of the Conn, a gathering, or
// neither.
type loan struct {
	blk   *transport.Block
	own   *gathering
	share share // of the budget
}

// free gives back the memory of l that is not the Conn's.
func (l *loan) free() {
	l.own.free()
	l.own = nil
	l.share.resize(0)
}

// A gathering is a pooled buffer in which the pieces of a message are put together. There are a few
// sizes, and the smallest sufficient one is used. An idle connection holds none.
type gathering struct {
	b    []byte
	pool *sync.Pool
}

// gatherings are the pools. The first has buffers of minGathering bytes, and each other one buffers
// four times as large as those of the one before.
var gatherings [6]sync.Pool

const minGathering = 1 << 10 // bytes

// gatheringOf returns the first pool whose buffers hold size bytes, and their size. If there is
// none, it returns -1 and the argument otherwise.
func gatheringOf(size, otherwise int) (pool, room int) {
	for i := range gatherings {
		if room := minGathering << (2 * i); size <= room {
			return i, room
		}
	}
	return -1, otherwise
}

// grow returns p in a gathering of pool. If pool is negative, it returns p with room for n bytes
// more in newly allocated memory.
func (l *loan) grow(p []byte, pool, n int) []byte {
	defer l.own.free() // once p has been copied
	if pool < 0 {
		l.own = nil
		return slices.Grow(p, n)
	}
	var pooled bool
	if l.own, pooled = gatherings[pool].Get().(*gathering); !pooled {
		l.own = &gathering{make([]byte, 0, minGathering<<(2*pool)), &gatherings[pool]}
	}
	return append(l.own.b, p...)
}

// free gives g back to its pool. g may be nil.
func (g *gathering) free() {
	if g != nil {
		g.pool.Put(g)
	}
}
