package websocket

import (
	"bytes"
	"context"
	"slices"

	"github.com/hawser-ws/hawser/websocket/internal/gather"
	"github.com/hawser-ws/hawser/websocket/internal/quota"
	"github.com/hawser-ws/hawser/websocket/internal/transport"
	"github.com/hawser-ws/hawser/wire"
)

// A message that does not arrive in one piece is gathered in the caller's destination, in memory of
// the Conn or, for Messages, in a pooled buffer: the block in which the message began, if there is
// room. Memory is allocated as bytes arrive, whatever length is announced. See internal/gather.

// appendMessage appends the rest of the open message to dst, or gathers it in l if that is not nil.
// If it is interrupted, it keeps what it has gathered.
func (c *Conn) appendMessage(ctx context.Context, dst []byte, l *loan) (MessageType, []byte, error) {
	in := &c.in
	typ, p, base := in.typ, dst, len(dst)
	resumed := len(in.kept) > 0
	// Bytes that came with the handshake, or before a write failed, may be elsewhere.
	inBlock := in.blk != nil && in.lent == 0 && len(in.piece) > 0 && !c.ending.writeFailed.Load()
	switch {
	case resumed:
		p, base, l, in.kept = in.kept, 0, nil, nil
	case l != nil && in.ext == nil && inBlock:
		p = l.own.Begin(in.blk, len(in.piece), cap(in.unread))
		in.blk, in.piece = nil, nil
	}
	p, err := c.gather(ctx, p, base, l)
	if l != nil && in.blk == nil && len(in.unread) > 0 { // unread follows the message in its block
		if in.blk = l.own.Block(); in.blk != nil && err == nil {
			l.blk = in.blk
			in.lent++
		}
	}
	switch {
	case err != nil:
		in.keep(p, base, resumed || l == nil && cap(p) != cap(dst))
		in.share.Resize(cap(in.kept))
		return 0, dst, err
	case resumed && (len(dst) > 0 || len(p) <= cap(dst)):
		p = append(dst, p...)
	}
	return typ, p, nil
}

// gather appends the rest of the open message to p, whose first base bytes are not part of the
// message. If l is not nil, p is in l.own, or nil.
func (c *Conn) gather(ctx context.Context, p []byte, base int, l *loan) ([]byte, error) {
	in := &c.in
	plain := in.ext == nil
	for in.open {
		have := len(p) - base
		n := in.room(have, cap(p)-len(p))
		size := 0 // of the memory to hold from now on
		switch waits := len(in.unread)+len(in.piece) == 0; {
		case l == nil && n > 0:
			size = have + n
		case n > 0:
			size = transport.RoomFor(have+len(in.piece), have+n)
		case l != nil && waits:
			size = l.own.Size(have, in.dec.Remaining())
		}
		// A message that is complete now is the caller's at once and needs no share.
		if whole := in.last && plain && have == 0; size > 0 && !whole {
			if err := c.reserve(ctx, size); err != nil {
				return p, err
			}
		}
		switch {
		case l == nil:
			p = slices.Grow(p, n)
		case size > 0:
			p = l.own.Fit(p, size, n)
		}
		var err error
		if p, err = c.readSome(ctx, p, cap(p)-len(p)); err != nil {
			return p, err
		}
	}
	c.tr.Rd.Expect(0)
	if l != nil && plain && in.share.Pool == nil {
		c.tr.Rd.Expect(len(p) + wire.MaxHeaderSize)
	}
	return p, nil
}

// room returns how many bytes of capacity the destination of the open message lacks, with have
// bytes gathered and free bytes free, or 0 if it lacks none.
func (in *incoming) room(have, free int) int {
	if in.ext == nil {
		return gather.Room(have, free, len(in.piece), in.dec.Remaining())
	}
	return gather.RoomDecoded(have, free, len(in.piece), in.max.Load())
}

// keep keeps p without its first base bytes, as the beginning of the open message, for the next
// read. own is whether the memory is the Conn's own, which then stays in use unless it is too
// large.
func (in *incoming) keep(p []byte, base int, own bool) {
	room := cap(p)
	switch p = p[base:]; {
	case len(p) == 0:
		p = nil
	case !own || room > 5*len(p)+transport.MinBuffer: // room grows fourfold and is rounded up
		p = bytes.Clone(p)
	}
	in.kept = p
}

// A loan is the memory of a message that Messages has yielded: a slice of the Conn's block, or a
// separate Memory.
type loan struct {
	blk   *transport.Buffer
	own   gather.Memory
	share quota.Share // of the budget
}

// free gives back the memory of l that is not the Conn's.
func (l *loan) free() {
	l.own.Free()
	l.share.Resize(0)
}
