package deflate

import (
	"math/bits"
	"slices"
)

// A window keeps the last bytes of a stream, at most size of them. It allocates memory as
// the stream grows. Once it is full it is a ring, so that adding bytes moves no others.
type window struct {
	buf   []byte
	size  int // a power of two
	start int // index of the oldest byte; 0 until buf has size bytes
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

// grow makes room for a total of n bytes, and at most four times as many.
func (w *window) grow(n int) {
	n = min(max(256, 1<<bits.Len(uint(n-1))), w.size)
	if n == 1<<DefaultWindowBits && n < w.size {
		// Skip this size, which the windows of sent messages have and keep. If
		// temporary buffers shared their pages, freeing them would leave holes:
		// 2.3 KB for each connection, as measured.
		n *= 2
	}
	w.buf = append(make([]byte, 0, n), w.buf...)
}

// copyTo copies the last back bytes of the stream to dst, or as many of them as fit, oldest
// first. It returns the number of bytes copied. back must not exceed the bytes in the window.
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

// appendTo appends the last n bytes of the window to dst, or all if there are fewer.
func (w *window) appendTo(dst []byte, n int) []byte {
	n = min(n, len(w.buf))
	dst = slices.Grow(dst, n)[:len(dst)+n]
	w.copyTo(dst[len(dst)-n:], n)
	return dst
}

// reset empties the window but keeps its buffer.
func (w *window) reset() { w.buf, w.start = w.buf[:0], 0 }

// free empties the window and drops its buffer.
func (w *window) free() { w.buf, w.start = nil, 0 }
