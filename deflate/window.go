package deflate

import (
	"math/bits"
	"slices"
)

// A window holds the last bytes of a stream, at most size of them. It takes memory as
// the stream grows; once it is full it is a ring, so that to add a byte moves none.
type window struct {
	buf   []byte
	size  int // a power of two
	start int // of the oldest byte; 0 until buf has size bytes
}

// add appends p to the stream.
func (w *window) add(p []byte) {
	if len(p) > w.size {
		p = p[len(p)-w.size:]
	}
	if n := min(len(p), w.size-len(w.buf)); n > 0 {
		if need := len(w.buf) + n; need > cap(w.buf) {
			w.grow(need)
		}
		w.buf = append(w.buf, p[:n]...)
		p = p[n:]
	}
	for len(p) > 0 {
		n := copy(w.buf[w.start:], p)
		w.start = (w.start + n) & (w.size - 1)
		p = p[n:]
	}
}

// grow makes room for n bytes in all, and for at most four times as many.
func (w *window) grow(n int) {
	n = min(max(256, 1<<bits.Len(uint(n-1))), w.size)
	if n == 1<<DefaultWindowBits && n < w.size {
		// So much a connection keeps of what it sent. Buffers of that size that die
		// on the way to more would leave holes in the same pages: measured, 2.3 KB
		// for each connection.
		n *= 2
	}
	w.buf = append(make([]byte, 0, n), w.buf...)
}

// copyTo copies what is back bytes before the end of the stream to dst, up to the
// end, and returns how many bytes that was. The window holds so many.
func (w *window) copyTo(dst []byte, back int) int {
	dst = dst[:min(len(dst), back)]
	from := w.start + len(w.buf) - back
	if from >= len(w.buf) {
		return copy(dst, w.buf[from-len(w.buf):])
	}
	n := copy(dst, w.buf[from:])
	if n < len(dst) {
		n += copy(dst[n:], w.buf)
	}
	return n
}

// appendTo appends the last n bytes of the window, or all if it has less, to dst.
func (w *window) appendTo(dst []byte, n int) []byte {
	n = min(n, len(w.buf))
	dst = slices.Grow(dst, n)[:len(dst)+n]
	w.copyTo(dst[len(dst)-n:], n)
	return dst
}

// reset empties the window, and keeps its buffer.
func (w *window) reset() { w.buf, w.start = w.buf[:0], 0 }

// free lets the buffer go.
func (w *window) free() { w.buf, w.start = nil, 0 }
