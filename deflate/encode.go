package deflate

import "github.com/klauspost/compress/flate"

// tail is what a flush ends with, and what is cut from a message (RFC 7692,
// section 7.2.1).
const tail = "\x00\x00\xff\xff"

// An encoder compresses the messages of one connection, one at a time. Between
// messages it holds the window; the compressor, some 1 MiB, it borrows.
type encoder struct {
	ext      *Extension
	bits     int
	takeover bool
	window   window
	done     mark // the last message

	c *compressor // while a message is open
	n int64       // bytes of the open message
}

// A mark names a message: the session and how many came before it.
type mark struct{ session, message uint64 }

// A compressor appends to a slice. After a message it goes back to its pool with
// its context and the message's mark. If the same connection finds it there, and
// has sent nothing in between, it goes on where it stopped; entering the
// connection's window into a compressor costs more than most messages do.
type compressor struct {
	w   *flate.Writer
	out []byte
	ctx mark // the last message that the context holds; none if its session is 0
}

func newCompressor(window int) *compressor {
	c := &compressor{}
	var err error
	if c.w, err = flate.NewWriterWindow(c, window); err != nil {
		panic("BUG: deflate: " + err.Error())
	}
	return c
}

// Write takes what the flate.Writer makes.
func (c *compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// Append implements [wire.MessageEncoder].
func (e *encoder) Append(dst, src []byte, fin bool) ([]byte, error) {
	if e.c == nil {
		e.begin(len(src), fin)
	}
	c := e.c
	c.out = dst
	_, _ = c.w.Write(src) // fails only where Write above does
	e.n += int64(len(src))
	if e.takeover {
		e.window.add(src)
	}
	if fin {
		_ = c.w.Flush()
	}
	dst, c.out = c.out, nil
	if fin {
		dst = dst[:len(dst)-len(tail)]
		e.end() // c is another's from here on
	}
	return dst, nil
}

// A flate.Writer compresses blocks of maxBlock bytes and what is left at a flush.
// If that is less than minMatch bytes it looks for no matches in it and forgets
// its context. This costs or saves time, but no bytes are wrong if it changes.
const (
	maxBlock = 65535
	minMatch = 128
)

// begin starts a message whose first piece has size bytes.
func (e *encoder) begin(size int, whole bool) {
	e.c, e.n = e.ext.compressors[e.bits].Get().(*compressor), 0
	if e.takeover && e.c.ctx == e.done {
		return
	}
	dict := e.window.last()
	if whole && size < minMatch {
		dict = nil
	}
	e.c.ctx = mark{}
	e.c.w.ResetDict(e.c, dict)
}

// end gives the compressor back after a message.
func (e *encoder) end() {
	e.done.message++
	e.c.ctx = e.done
	if rest := e.n % maxBlock; 0 < rest && rest < minMatch {
		e.c.ctx = mark{}
	}
	e.ext.compressors[e.bits].Put(e.c)
	e.c = nil
}

// close gives the compressor back in the middle of a message. Its context is of no
// use: no message of this session follows.
func (e *encoder) close() {
	if e.c != nil {
		e.ext.compressors[e.bits].Put(e.c)
		e.c = nil
	}
	e.window.buf = nil
}
