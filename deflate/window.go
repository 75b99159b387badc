package deflate

// A window holds the end of a stream: at least the last size bytes of it, and at
// most room. It takes memory as the stream grows.
type window struct {
	buf        []byte
	size, room int
	halves     *halves // makes windows of 4 KiB; may be nil
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
		w.buf = append(w.grown(min(max(need, 2*cap(w.buf), 256), w.room)), w.buf...)
	}
	w.buf = append(w.buf, p...)
}

// grown returns an empty slice with room for n bytes.
func (w *window) grown(n int) []byte {
	if n == halfBlock && n == w.room && w.halves != nil {
		return w.halves.get()
	}
	return make([]byte, 0, n)
}

// last returns the last size bytes of the stream, or all. They are valid until
// the next add.
func (w *window) last() []byte { return w.buf[max(0, len(w.buf)-w.size):] }
