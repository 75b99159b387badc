package deflate

// A window holds the end of a stream: at least the last size bytes of it, and at
// most room. It takes memory as the stream grows.
type window struct {
	buf        []byte
	size, room int
}

// add appends p to the stream.
func (w *window) add(p []byte) {
	if len(p) > w.size {
		p = p[len(p)-w.size:]
	}
	if len(w.buf)+len(p) > w.room {
		keep := w.buf[len(w.buf)-(w.size-len(p)):]
		w.buf = w.buf[:copy(w.buf, keep)]
	}
	if need := len(w.buf) + len(p); need > cap(w.buf) {
		grown := make([]byte, len(w.buf), min(max(need, 2*cap(w.buf), 256), w.room))
		copy(grown, w.buf)
		w.buf = grown
	}
	w.buf = append(w.buf, p...)
}

// last returns the last size bytes of the stream, or all. They are valid until
// the next add.
func (w *window) last() []byte { return w.buf[max(0, len(w.buf)-w.size):] }
