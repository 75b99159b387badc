package websocket

import (
	"bytes"
	"context"
	"slices"
	"sync"
)

// A message that does not come in one piece is gathered: in the caller's destination, in
// memory of the Conn's own, or for Messages in a pooled buffer. Room is made as bytes
// come, whatever length is announced: at most about four times as much as has come.

// appendMessage appends what is left of the open message to dst, or puts it into a
// gathering if l is not nil. If it is interrupted, what it has gathered is kept.
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

// gather appends what is left of the open message to p, of which the message has all
// but base bytes. Its first room comes from l, unless that is nil.
func (c *Conn) gather(ctx context.Context, p []byte, base int, l *loan) ([]byte, error) {
	in := &c.in
	for in.open {
		if n := in.room(len(p)-base, cap(p)-len(p)); n > 0 {
			pool, total := -1, len(p)-base+n
			if l != nil {
				pool, total = gatheringOf(len(p)+max(1, len(in.piece)), total)
			}
			if whole := in.last && in.ext == nil && len(p) == base; !whole { // and the caller's at once
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

// room returns how many bytes of free capacity the destination of the open message
// needs, of which have bytes are gathered and free are free now; or 0 if that will do.
func (in *incoming) room(have, free int) int {
	need := len(in.piece)
	switch {
	case free > 0 && (need <= free || in.ext != nil):
		return 0
	case in.ext == nil:
		return need + int(min(in.dec.Remaining(), 3*int64(have+need), maxSyscall))
	}
	// Nobody knows how much ext will make. Grow as append does, but not beyond the byte
	// that tells that there is too much.
	need = max(512, have, 4*need)
	if limit := in.max.Load(); limit >= 0 && int64(have+need) >= limit {
		need = int(max(limit+1-int64(have), 1))
	}
	return need
}

// keep keeps p without its first base bytes, the beginning of the open message, for the
// next read. own says that the memory is the Conn's own; it then stays where it is unless
// that is far too much.
func (in *incoming) keep(p []byte, base int, own bool) {
	room := cap(p)
	switch p = p[base:]; {
	case len(p) == 0:
		p = nil
	case !own || room > 5*len(p)+minGathering: // room grows fourfold, and is rounded up
		p = bytes.Clone(p)
	}
	in.kept = p
}

// A loan is where a message lies that Messages has yielded: in a block of the
// Conn, in a gathering, or in neither.
type loan struct {
	blk   *block
	own   *gathering
	share share // what it takes of the budget
}

// A gathering is a pooled buffer in which a message that came in several pieces is put
// together. Its size is one of a few, the least that holds what has come. An idle
// connection holds none.
type gathering struct {
	b    []byte
	pool *sync.Pool
}

// gatherings are the pools, of buffers of minGathering and four times as much each.
var gatherings [6]sync.Pool

const minGathering = 1 << 10 // bytes

// gatheringOf returns the least of gatherings that holds size bytes, and its room; or -1
// and otherwise, if none is as large.
func gatheringOf(size, otherwise int) (pool, room int) {
	for i := range gatherings {
		if room := minGathering << (2 * i); size <= room {
			return i, room
		}
	}
	return -1, otherwise
}

// grow returns p in a gathering of pool; or with room for n bytes more in memory of its
// own, if pool is negative.
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

// free gives g, if any, back to its pool.
func (g *gathering) free() {
	if g != nil {
		g.pool.Put(g)
	}
}
