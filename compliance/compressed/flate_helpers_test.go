package compressed

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

const tail = "\x00\x00\xff\xff"

// A compressor is how the peer sends: with compress/flate, which knows no windows but
// the largest. It compresses a message in pieces, each with as much before it as the
// window still holds, so that no distance can be larger.
type compressor struct {
	direction
	window []byte
}

// levels are those of compress/flate; each makes blocks of its own kind.
var levels = []int{flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression}

var writers = func() (pools []*sync.Pool) {
	for _, level := range levels {
		pools = append(pools, &sync.Pool{New: func() any {
			w, err := flate.NewWriter(nil, level)
			if err != nil {
				panic("BUG: " + err.Error())
			}
			return w
		}})
	}
	return pools
}()

// message returns the payload of a message, made in one of the many ways that RFC
// 7692, section 7.2.1, allows.
func (c *compressor) message(s *script, data []byte) []byte {
	var out []byte
	final := false
	if len(data) == 0 {
		out = []byte([]string{"\x00" + tail, tail, "\x02\x00" + tail, "\x03\x00\x00" + tail}[s.n(4)])
	}
	half := 1 << c.bits / 2
	for level, rest := s.n(len(levels)), data; len(rest) > 0; {
		n := min(half, len(rest))
		if s.oneIn(4) {
			n = 1 + s.n(n)
		}
		final = s.oneIn(6)
		out = append(out, c.piece(level, rest[:n], final)...)
		c.window = append(c.window, rest[:n]...)
		rest = rest[n:]
		if s.oneIn(6) {
			out, final = append(out, "\x00"+tail...), false
		}
	}
	switch {
	case !c.takeover:
		c.window = c.window[:0]
	case len(c.window) > 1<<c.bits:
		c.window = append(c.window[:0], c.window[len(c.window)-1<<c.bits:]...)
	}
	switch {
	case final && s.oneIn(2):
		return out // some peers end a message so
	case final:
		return append(out, 0)
	case s.oneIn(8) && len(data) > 0:
		return out // nor is the tail always cut off
	}
	return out[:len(out)-len(tail)]
}

// piece compresses a part of a message and ends at a whole byte, in a final block or
// not.
func (c *compressor) piece(level int, data []byte, final bool) []byte {
	w := writers[level].Get().(*flate.Writer)
	defer writers[level].Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	w.Write(c.window[max(0, len(c.window)-(1<<c.bits-len(data))):])
	w.Flush()
	out.Reset() // it stays in the writer's own window
	w.Write(data)
	if final {
		w.Close()
	} else {
		w.Flush()
	}
	return out.Bytes()
}

// A judge inflates what the Conn sends with compress/flate. It holds of the messages
// before no more than the window that was agreed on.
type inflater struct {
	direction
	window []byte
	r      io.ReadCloser
}

// message returns what the payload z inflates to.
func (j *inflater) message(z []byte, max int) ([]byte, error) {
	if bytes.HasSuffix(z, []byte(tail)) {
		return nil, fmt.Errorf("the tail is not cut off: %x", z)
	}
	in := io.MultiReader(bytes.NewReader(z), bytes.NewReader([]byte(tail+"\x01\x00\x00\xff\xff")))
	if j.r == nil {
		j.r = flate.NewReaderDict(in, j.window)
	} else if err := j.r.(flate.Resetter).Reset(in, j.window); err != nil {
		return nil, err
	}
	b, err := io.ReadAll(io.LimitReader(j.r, int64(max)+1))
	if err != nil {
		return nil, err
	}
	if j.takeover {
		j.window = append(j.window, b...)
		j.window = bytes.Clone(j.window[len(j.window)-min(len(j.window), 1<<j.bits):])
	}
	return b, nil
}
