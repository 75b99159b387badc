package compressed

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"io"
)

// A crafter writes DEFLATE data bit by bit (RFC 1951, section 3.1.1), to say what no
// compressor would.
type crafter struct {
	b    []byte
	used int // bits of the last byte
}

// put writes the low n bits of v, the least first.
func (c *crafter) put(v uint, n int) *crafter {
	for i := range n {
		if c.used%8 == 0 {
			c.b, c.used = append(c.b, 0), 0
		}
		c.b[len(c.b)-1] |= byte(v>>i&1) << c.used
		c.used++
	}
	return c
}

// code writes a Huffman code of n bits, the first bit of which is its highest.
func (c *crafter) code(v uint, n int) *crafter {
	for i := n - 1; i >= 0; i-- {
		c.put(v>>i, 1)
	}
	return c
}

// align goes on at the next whole byte.
func (c *crafter) align() *crafter { c.used = 0; return c }

// begin writes the header of a block: 0 is stored, 1 has fixed codes, 2 its own.
func (c *crafter) begin(final bool, kind uint) *crafter {
	if final {
		return c.put(1, 1).put(kind, 2)
	}
	return c.put(0, 1).put(kind, 2)
}

// stored writes a block that is not compressed.
func (c *crafter) stored(final bool, data string) *crafter {
	c.begin(final, 0).align()
	c.b = binary.LittleEndian.AppendUint16(c.b, uint16(len(data)))
	c.b = binary.LittleEndian.AppendUint16(c.b, ^uint16(len(data)))
	c.b = append(c.b, data...)
	return c
}

// say writes literals in fixed codes.
func (c *crafter) literals(s string) *crafter {
	for _, b := range []byte(s) {
		if b < 144 {
			c.code(0x30+uint(b), 8)
		} else {
			c.code(0x190+uint(b)-144, 9)
		}
	}
	return c
}

// back writes a match of three bytes in fixed codes, from that far back. The code of
// a distance is a range of them and the place in it (RFC 1951, section 3.2.5).
func (c *crafter) match(distance uint) *crafter {
	c.code(1, 7)
	at, symbol, extra := uint(1), uint(0), 0
	for at+1<<extra <= distance {
		at += 1 << extra
		if symbol++; symbol%2 == 0 && symbol >= 4 {
			extra++
		}
	}
	return c.code(symbol, 5).put(distance-at, extra)
}

// over ends a block of fixed codes.
func (c *crafter) endBlock() *crafter { return c.code(0, 7) }

// message ends a message: a stored block of which only the header is sent (RFC 7692,
// section 7.2.1).
func (c *crafter) message() []byte { return c.begin(false, 0).align().b }

// A bomb inflates to 258 bytes for every 2 bits: the most that DEFLATE can do.
const (
	bombSize    = 64 << 20
	bombMatches = (bombSize + 257) / 258
)

// bomb returns a message that repeats the four bytes before it, which must be in the
// window, or, if first is set, the byte '0'. It inflates to a little over bombSize.
func bomb(first bool) []byte {
	c := (&crafter{}).begin(false, 2)
	// 286 codes for literals and lengths, 4 for distances, and lengths of those for
	// 18 symbols in their odd order: 18, 0, 2 and 1 have 2 bits.
	c.put(286-257, 5).put(4-1, 5).put(18-4, 4)
	for _, bits := range []uint{0, 0, 2, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2} {
		c.put(bits, 3)
	}
	zeros := func(n uint) { c.code(3, 2).put(n-11, 7) }
	length := func(n uint) { c.code(n, 2) }
	zeros('0')
	length(2)
	zeros(138)
	zeros(256 - '0' - 1 - 138)
	length(2) // the end of the block
	zeros(285 - 257)
	length(1) // a match of 258
	if first {
		length(1) // from one byte back
		length(0)
		length(0)
		length(0)
		c.code(2, 2) // '0'
	} else {
		length(0)
		length(0)
		length(0)
		length(1) // from four bytes back
	}
	for range bombMatches {
		c.code(0, 1).code(0, 1)
	}
	return c.code(3, 2).message()
}

// inflate reads the payload z of a message with the window dict, as RFC 7692, section
// 7.2.2, has it; a final block makes the end known to compress/flate.
func inflate(z, dict []byte) io.Reader {
	return flate.NewReaderDict(io.MultiReader(bytes.NewReader(z),
		bytes.NewReader([]byte("\x00\x00\xff\xff\x01\x00\x00\xff\xff"))), dict)
}
