package compressed

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"sync"
)

const tail = "\x00\x00\xff\xff"

// A compressor compresses the messages of the peer with compress/flate, whose only window is the largest.
// To keep to a smaller window, it compresses a message in pieces. Before each piece, it loads only the
// bytes that are still within the window at the end of the piece.
type compressor struct {
	direction
	window []byte
}

// levels are levels of compress/flate that write different kinds of blocks.
var levels = []int{
	flate.HuffmanOnly, flate.NoCompression, flate.BestSpeed, flate.DefaultCompression, flate.BestCompression,
}

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

// message returns the payload of a message, in one of the many forms that RFC 7692, section 7.2.1, allows.
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
		return out // some peers omit the byte after a final block
	case final:
		return append(out, 0)
	case s.oneIn(8) && len(data) > 0:
		return out // a peer need not cut the tail off
	}
	return out[:len(out)-len(tail)]
}

// piece compresses part of a message and ends at a whole byte. The last block is final if final is set.
func (c *compressor) piece(level int, data []byte, final bool) []byte {
	w := writers[level].Get().(*flate.Writer)
	defer writers[level].Put(w)
	var out bytes.Buffer
	w.Reset(&out)
	w.Write(c.window[max(0, len(c.window)-(1<<c.bits-len(data))):])
	w.Flush()
	out.Reset() // the writer keeps the bytes in its window
	w.Write(data)
	if final {
		w.Close()
	} else {
		w.Flush()
	}
	return out.Bytes()
}

// An inflater inflates the messages of the Conn with compress/flate. Of earlier messages it keeps only the
// agreed window.
type inflater struct {
	direction
	window []byte
	r      io.ReadCloser
}

// message inflates the payload z, to at most max+1 bytes.
func (j *inflater) message(z []byte, max int) ([]byte, error) {
	if bytes.HasSuffix(z, []byte(tail)) {
		return nil, fmt.Errorf("the payload ends with the tail 0000ffff, which must be cut off: %x", z)
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
