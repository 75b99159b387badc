package deflate

// tail ends the output of a flush. It is removed from the end of a message (RFC 7692,
// section 7.2.1).
const tail = "\x00\x00\xff\xff"

// An encoder compresses the messages of one connection, one at a time. It keeps the window
// between messages, and borrows a compressor, about 1 MiB, for each message.
type encoder struct {
	ext      *Extension
	bits     int // size of the peer's window
	takeover bool
	window   window
	done     mark // the last complete message

	c *compressor // nil between messages
	n int64       // bytes of the open message so far
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

// begin begins a message whose first piece has size bytes. whole reports that the piece is
// the whole message.
func (e *encoder) begin(size int, whole bool) {
	known := int64(-1)
	if whole {
		known = int64(size)
	}
	e.n = 0
	e.c = e.ext.compressors.get(e.bits, known, e.takeover)
	switch {
	case !e.takeover, whole && size < minMatch: // the message will have no references
		e.c.empty()
	case e.c.ctx == e.done:
	case whole && e.ext.opts.WindowBits == 0:
		e.c.load(&e.window, usefulWindow(size))
	default:
		e.c.load(&e.window, e.window.size)
	}
}

// close returns the compressor of an open message to its pool, without a mark: no message
// of this session follows.
func (e *encoder) close() {
	if e.c != nil {
		e.c.pool.Put(e.c)
		e.c = nil
	}
	e.window.free()
}
