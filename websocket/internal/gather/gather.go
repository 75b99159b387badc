// Package gather has the memory in which the pieces of a message are put together, and the rules
// for its size. Memory is taken as bytes arrive, whatever length is announced: at most about four
// times as much as has arrived of the message, or of the one before it on the same connection.
package gather

import "github.com/hawser-ws/hawser/websocket/internal/transport"

// Room returns how many bytes of capacity the destination of a message lacks, or 0 if it lacks
// none. have bytes are gathered, free bytes are free, a piece of need bytes has arrived, and left
// bytes of its frame have not.
func Room(have, free, need int, left int64) int {
	if free > 0 && need <= free {
		return 0
	}
	return need + int(min(left, 3*int64(have+need), transport.MaxSyscall))
}

// RoomDecoded is Room for a message that an extension decodes to an unknown number of bytes. The
// room grows as with append. Unless limit is negative, the room is for at most one byte more than
// limit, which shows that the message is too large.
func RoomDecoded(have, free, need int, limit int64) int {
	if free > 0 {
		return 0
	}
	need = max(512, have, 4*need)
	if limit >= 0 && int64(have+need) >= limit {
		need = int(max(limit+1-int64(have), 1))
	}
	return need
}

// A Memory is the pooled buffer in which a message is gathered. The zero Memory has none.
type Memory struct {
	buf   *transport.Buffer
	block bool // buf is the block of Begin
}

// Begin makes the block in which a message has begun the memory of that message, and returns the n
// bytes of the message so far. They precede the last after bytes of the block. If those contain more
// pieces of the message, the pieces are later moved down to join it.
func (m *Memory) Begin(block *transport.Buffer, n, after int) []byte {
	m.buf, m.block = block, true
	end := len(block.Bytes) - after
	return block.Bytes[end-n : end]
}

// Block takes the block of Begin out of m, or returns nil if the message is no longer in it.
func (m *Memory) Block() (block *transport.Buffer) {
	if m.block {
		block, m.buf = m.buf, nil
	}
	return block
}

// Size returns the size of the buffer in which to wait for the left bytes of a frame that have not
// arrived, with have bytes gathered. A block is not held for a few bytes, but a larger buffer is,
// because the peer has sent a message of that size before.
func (m *Memory) Size(have int, left int64) int {
	size := m.buf.Size()
	if size != transport.BlockSize {
		return size
	}
	return min(size, transport.RoomFor(have, have+1+int(min(left, transport.MaxSyscall))))
}

// Fit returns p in a buffer of n bytes with room for lack bytes.
func (m *Memory) Fit(p []byte, n, lack int) []byte {
	if n == m.buf.Size() && lack == 0 {
		return p
	}
	old := m.buf
	m.buf, m.block = transport.GetBuffer(n), false
	p = append(m.buf.Bytes[:0], p...)
	old.Free()
	return p
}

// Free gives the buffer back to its pool.
func (m *Memory) Free() {
	m.buf.Free()
	m.buf = nil
}
