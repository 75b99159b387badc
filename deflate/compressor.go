package deflate

import (
	"sync"

	"github.com/klauspost/compress/flate"
)

// A compressor appends to a slice. After a message it goes back to its pool with
// its context and the message's mark. If the same connection finds it there, and
// has sent nothing in between, it goes on where it stopped; entering the
// connection's window into a compressor costs as much as a small message does.
type compressor struct {
	w    *flate.Writer
	pool *sync.Pool
	out  []byte
	dict []byte // scratch: the window of a connection
	ctx  mark   // the last message that the context holds; none if its session is 0
}

// A mark names a message: the session and how many came before it.
type mark struct{ session, message uint64 }

// Write takes the output of the flate.Writer.
func (c *compressor) Write(p []byte) (int, error) {
	c.out = append(c.out, p...)
	return len(p), nil
}

// enter makes the last n bytes of a window the context of the next message.
func (c *compressor) enter(w *window, n int) {
	c.ctx, c.dict = mark{}, w.appendTo(c.dict[:0], n)
	c.w.ResetDict(c, c.dict)
}

// empty makes nothing the context of the next message.
func (c *compressor) empty() { c.enter(&window{}, 0) }

// compress appends the compressed form of src to dst, of which a part may stay in the
// compressor unless flush is set.
func (c *compressor) compress(dst, src []byte, flush bool) []byte {
	c.out = dst
	_, _ = c.w.Write(src) // fails only where Write above does
	if flush {
		_ = c.w.Flush()
	}
	dst, c.out = c.out, nil
	return dst
}

// A flate.Writer compresses blocks of maxBlock bytes and what is left at a flush.
// If that is less than minMatch bytes it looks for no matches in it and forgets
// its context. This costs or saves time, but no bytes are wrong if it changes.
const (
	maxBlock = 65535
	minMatch = 128
)

// keep gives c back after a message of n bytes that is the last in its context.
func (c *compressor) keep(last mark, n int64) {
	c.ctx = last
	if rest := n % maxBlock; n == 0 || 0 < rest && rest < minMatch {
		c.ctx = mark{}
	}
	c.pool.Put(c)
}

// The levels of package flate that pay. A message of 1 KiB of JSON with a window of 1
// KiB takes 12.2 µs and is 4.55 times smaller with level 5, 9.2 µs and 3.99 with
// level 2; without a window it is 9.7 µs and 3.08, 8.1 µs and 2.88. 64 KiB of text
// takes 570 µs and is 2.51 times smaller with level 5, 325 µs and 2.46 with level 2.
// So level 5 is for small messages that may refer to others.
const (
	fastLevel = 2
	bestLevel = 5
	bestSize  = 2 << 10 // the largest message, in bytes, that has bestLevel
)

// usefulWindow returns how many of the bytes before it a message of size bytes is
// given by default. To enter them takes longer than to compress the message: 1 KiB of
// JSON takes 15.0 µs with 2 KiB of them and 12.2 µs with 1 KiB, and is 4.74 and 4.55
// times smaller; 256 bytes take 11.4 and 7.5 µs, and are 3.4 and 3.3 times smaller.
func usefulWindow(size int) int { return max(1<<10, size) }

// compressors are the pools of an Extension. A compressor takes some 1 MiB, whatever
// its window.
type compressors struct {
	fast, best sync.Pool                // of windows of 32 KiB
	windows    [maxWindowBits]sync.Pool // of smaller ones, by their bits
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
		pool(&p.windows[bits], func(c *compressor) (*flate.Writer, error) { return flate.NewWriterWindow(c, 1<<bits) })
	}
}

// get returns a compressor whose references reach back 2^bits bytes at most, for a
// message of size bytes, -1 if it is streamed. refers tells that it may refer to
// earlier ones.
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
