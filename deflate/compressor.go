package deflate

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// A compressor compresses the messages of any connection. After a message it goes back to
// its pool with its context and the mark of the message. If the same connection gets it
// again, and has sent no message in between, it continues with that context. Otherwise it
// first loads the connection's window, which takes as long as compressing a small message.
type compressor struct {
	w    *flate.Writer
	pool *sync.Pool
	out  []byte
	dict []byte // scratch: the window of a connection
	ctx  mark   // the last message in the context; its session is 0 if there is none
}

// A mark identifies a message by its session and the number of earlier messages.
type mark struct{ session, message uint64 }

// Write appends the output of the flate.Writer to c.out.
func (c *compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// load makes the last n bytes of w the context of the next message.
func (c *compressor) load(w *window, n int) {
	c.ctx, c.dict = mark{}, w.appendTo(c.dict[:0], n)
	c.w.ResetDict(c, c.dict)
}

// empty makes the context of the next message empty.
func (c *compressor) empty() { c.load(&window{}, 0) }

// compress appends the compressed form of src to dst. Unless flush is set, a part of it may
// stay in the compressor.
func (c *compressor) compress(dst, src []byte, flush bool) []byte {
	c.out = dst
	_, _ = c.w.Write(src) // fails only if c.Write does
	if flush {
		_ = c.w.Flush()
	}
	dst, c.out = c.out, nil
	return dst
}

// A flate.Writer compresses blocks of maxBlock bytes and, at a flush, the rest. If the rest
// has fewer than minMatch bytes, it looks for no matches there and loses its context. If a
// future version uses other sizes, the output stays correct and only its speed and size
// change.
const (
	maxBlock = 65535
	minMatch = 128
)

// keep returns c to its pool after a message of n bytes. last marks that message.
func (c *compressor) keep(last mark, n int64) {
	c.ctx = last
	if rest := n % maxBlock; n == 0 || 0 < rest && rest < minMatch {
		c.ctx = mark{}
	}
	c.pool.Put(c)
}

// Level 5 pays only for small messages that may refer to earlier ones. Time and compression
// ratio, as measured:
//
//	                             level 5        level 2
//	JSON, 1 KiB, window of 1 KiB  12.2 µs 4.55    9.2 µs 3.99
//	JSON, 1 KiB, no window         9.7 µs 3.08    8.1 µs 2.88
//	text, 64 KiB                   570 µs 2.51    325 µs 2.46
const (
	fastLevel = 2
	bestLevel = 5
	bestSize  = 2 << 10 // size of the largest message compressed with bestLevel, in bytes
)

// usefulWindow returns how many bytes of the window are loaded, by default, for a message
// of size bytes. Loading them takes longer than compressing the message, and loading more
// is not worth the time. Time and compression ratio, as measured:
//
//	                 2 KiB loaded   1 KiB loaded
//	JSON, 1 KiB       15.0 µs 4.74   12.2 µs 4.55
//	JSON, 256 bytes   11.4 µs 3.4     7.5 µs 3.3
func usefulWindow(size int) int { return max(1<<10, size) }

// compressors are the pools of an Extension. A compressor takes about 1 MiB, whatever its
// window.
type compressors struct {
	fast, best sync.Pool                // windows of 32 KiB
	windows    [maxWindowBits]sync.Pool // smaller windows, by their bits
}

func (p *compressors) init() {
	pool := func(p *sync.Pool, newWriter func(c *compressor) (*flate.Writer, error)) {
		p.New = func() any {
			c := &compressor{pool: p}
			var err error
			if c.w, err = newWriter(c); err != nil {
				panic("BUG: deflate: " + err.Error())
			}
			return c
		}
	}
	pool(&p.fast, func(c *compressor) (*flate.Writer, error) { return flate.NewWriter(c, fastLevel) })
	pool(&p.best, func(c *compressor) (*flate.Writer, error) { return flate.NewWriter(c, bestLevel) })
	for bits := minWindowBits; bits < maxWindowBits; bits++ {
		pool(&p.windows[bits], func(c *compressor) (*flate.Writer, error) {
			return flate.NewWriterWindow(c, 1<<bits)
		})
	}
}

// get returns a compressor whose references reach back at most 2^bits bytes. It is for a
// message of size bytes, or a streamed one if size is -1. refers reports that the message
// may refer to earlier ones.
func (p *compressors) get(bits int, size int64, refers bool) *compressor {
	pool := &p.fast
	switch {
	case bits < maxWindowBits:
		pool = &p.windows[bits]
	case refers && 0 <= size && size <= bestSize:
		pool = &p.best
	}
	return pool.Get().(*compressor)
}
