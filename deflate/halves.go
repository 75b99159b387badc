package deflate

import "sync"

// halfBlock is the size of a window of 12 bits, the default, in bytes. net/http's
// buffers are of that size, too, and die when a connection has been upgraded. The
// runtime keeps two objects of 4 KiB in a page of its own, so that a window next to
// such a buffer holds the page of both: measured, 0.8 KB for each connection.
const halfBlock = 4 << 10

// halves makes windows of 4 KiB, two from one allocation of 8 KiB, which has its
// page for itself. The two may be of different connections; the block lives as long
// as either.
type halves struct {
	mu    sync.Mutex
	spare []byte // the half that is still to be given out
}

// get returns a window, empty, with capacity halfBlock.
func (h *halves) get() []byte {
	h.mu.Lock()
	defer h.mu.Unlock()
	half := h.spare
	if h.spare = nil; half == nil {
		block := make([]byte, 2*halfBlock)
		half, h.spare = block[:halfBlock:halfBlock], block[halfBlock:]
	}
	return half[:0]
}
