package deflate

// tail is what a flush ends with, and what is cut from a message (RFC 7692,
// section 7.2.1).
const tail = "\x00\x00\xff\xff"

// An encoder compresses the messages of one connection, one at a time. Between
// messages it holds the window; the compressor, some 1 MiB, it borrows.
type encoder struct {
	ext      *Extension
	bits     int // of the window that the peer holds
	takeover bool
	window   window
	done     mark // the last message

	c *compressor // while a message is open
	n int64       // bytes of the open message
}

// Append implements [wire.MessageEncoder].
func (e *encoder) Append(dst, src []byte, fin bool) ([]byte, error) {
	if e.c == nil {
		e.begin(len(src), fin)
	}
	dst = e.c.compress(dst, src, fin)
	e.n += int64(len(src))
	if e.takeover {
		e.window.add(src)
	}
	if fin {
		dst = dst[:len(dst)-len(tail)]
		e.done.message++
		e.c.keep(e.done, e.n)
		e.c = nil
	}
	return dst, nil
}

// begin starts a message whose first piece has size bytes.
func (e *encoder) begin(size int, whole bool) {
	known := int64(-1)
	if whole {
		known = int64(size)
	}
	e.n = 0
	e.c = e.ext.compressors.get(e.bits, known, e.takeover)
	switch {
	case !e.takeover, whole && size < minMatch: // refers to nothing
		e.c.empty()
	case e.c.ctx == e.done:
	case whole && e.ext.opts.WindowBits == 0:
		e.c.enter(&e.window, usefulWindow(size))
	default:
		e.c.enter(&e.window, e.window.size)
	}
}

// close gives the compressor back in the middle of a message. Its context is of no
// use: no message of this session follows.
func (e *encoder) close() {
	if e.c != nil {
		e.c.pool.Put(e.c)
		e.c = nil
	}
	e.window.free()
}
