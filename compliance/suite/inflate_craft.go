package suite

import (
	"encoding/binary"
	"math/bits"
)

// A crafter writes DEFLATE data symbol by symbol, which no compressor would write. It uses the fixed
// codes (RFC 1951, section 3.2.6).
type crafter struct {
	out  []byte
	acc  uint64
	have uint
}

// bits adds the lowest n bits of v, the lowest first.
func (c *crafter) bits(v, n int) *crafter {
	c.acc |= uint64(v) << c.have
	c.have += uint(n)
	for c.have >= 8 {
		c.out = append(c.out, byte(c.acc))
		c.acc >>= 8
		c.have -= 8
	}
	return c
}

// align fills the last byte with zeros.
func (c *crafter) align() *crafter {
	if c.have > 0 {
		c.bits(0, int(8-c.have))
	}
	return c
}

// begin begins a block with fixed codes. final is 1 or 0.
func (c *crafter) begin(final int) *crafter { return c.bits(final, 1).bits(1, 2) }

// end ends a block of codes.
func (c *crafter) end() *crafter { return c.symbol(256) }

// symbol adds a literal or a length. Huffman codes begin with their highest bit.
func (c *crafter) symbol(sym int) *crafter {
	code, n := 0, int(fixedLength(sym, 288))
	switch {
	case sym < 144:
		code = 0x30 + sym
	case sym < 256:
		code = 0x190 + sym - 144
	case sym < 280:
		code = sym - 256
	default:
		code = 0xc0 + sym - 280
	}
	return c.bits(int(bits.Reverse16(uint16(code))>>(16-n)), n)
}

// text adds literals.
func (c *crafter) text(s string) *crafter {
	for i := range len(s) {
		c.symbol(int(s[i]))
	}
	return c
}

// match adds a reference to the data dist bytes back.
func (c *crafter) match(length, dist int) *crafter {
	l := len(lengthBase) - 1
	for lengthBase[l] > length {
		l--
	}
	c.symbol(257+l).bits(length-lengthBase[l], int(lengthExtra[l]))
	d := len(distBase) - 1
	for distBase[d] > dist {
		d--
	}
	return c.bits(int(bits.Reverse8(uint8(d))>>3), 5).bits(dist-distBase[d], int(distExtra(d)))
}

// stored adds a block that is not compressed.
func (c *crafter) stored(final int, data string) *crafter {
	c.bits(final, 1).bits(0, 2).align()
	c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(data)))
	c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(data)))
	c.out = append(c.out, data...)
	return c
}

// message ends a message with an empty stored block, whose last four bytes it omits (RFC 7692, section
// 7.2.1).
func (c *crafter) message() []byte {
	c.bits(0, 3).align()
	return c.out
}
