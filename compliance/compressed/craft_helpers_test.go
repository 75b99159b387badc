package compressed

import (
	"compress/flate"
	"encoding/binary"
	"io"
	"strings"
)

// A crafter writes DEFLATE data bit by bit (RFC 1951, section 3.1.1), for data that no compressor writes.
type crafter struct {
	b    []byte
	used int // the number of bits in the last byte
}

// put writes the low n bits of v, the least significant first.
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

// code writes a Huffman code of n bits, the most significant first.
func (c *crafter) code(v uint, n int) *crafter {
	for i := n - 1; i >= 0; i-- {
		c.put(v>>i, 1)
	}
	return c
}

// align continues at the next whole byte.
func (c *crafter) align() *crafter { c.used = 0; return c }

// begin writes the header of a block. The kind 0 is stored, 1 has fixed codes, 2 has dynamic codes.
func (c *crafter) begin(final bool, kind uint) *crafter {
	if final {
		return c.put(1, 1).put(kind, 2)
	}
	return c.put(0, 1).put(kind, 2)
}

// stored writes a stored block.
func (c *crafter) stored(final bool, data string) *crafter {
	c.begin(final, 0).align()
	c.b = binary.LittleEndian.AppendUint16(c.b, uint16(len(data)))
	c.b = binary.LittleEndian.AppendUint16(c.b, ^uint16(len(data)))
	c.b = append(c.b, data...)
	return c
}

// literals writes literals in fixed codes.
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

// match writes a match of three bytes at a distance, in fixed codes. A distance is coded as a range of
// distances and an offset in that range (RFC 1951, section 3.2.5).
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

// endBlock ends a block of fixed codes.
func (c *crafter) endBlock() *crafter { return c.code(0, 7) }

// message ends the message with the header of an empty stored block and returns it. The rest of that block is
// not sent (RFC 7692, section 7.2.1).
func (c *crafter) message() string { return c.begin(false, 0).align().data() }

// data returns what is written so far.
func (c *crafter) data() string { return string(c.b) }

// fixedBlock begins a block of fixed codes that is not final.
func fixedBlock() *crafter { return new(crafter).begin(false, 1) }

// A bomb inflates to 258 bytes for every 2 bits, the maximum that DEFLATE allows.
const (
	bombSize    = 64 << 20
	bombMatches = (bombSize + 257) / 258
)

// bomb returns a message that repeats the last four bytes of the window or, if first is set, the byte '0'. It
// inflates to slightly more than bombSize.
func bomb(first bool) []byte {
	c := (&crafter{}).begin(false, 2)
	// There are 286 codes for literals and lengths, and 4 for distances. Then the lengths of the codes that
	// encode those lengths, in the order of RFC 1951: of 18 symbols, 18, 0, 2 and 1 have 2 bits.
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
	return []byte(c.code(3, 2).message())
}

// inflate returns a reader of the payload z of a message, with the window dict (RFC 7692, section 7.2.2). It
// appends a final block, because compress/flate requires one.
func inflate(z string, dict []byte) io.Reader {
	return flate.NewReaderDict(strings.NewReader(z+"\x00\x00\xff\xff\x01\x00\x00\xff\xff"), dict)
}
