package inflate

import "encoding/binary"

// Craft makes the payload of a message as a script says, of all kinds of blocks:
// most of it valid, with references that reach too far now and then. It returns what
// is left of the script behind the message.
func Craft(script []byte) (payload, rest []byte) {
	c := &crafter{script: script}
	for more := true; more; {
		op := c.next()
		final := int(op >> 7)
		switch op & 3 {
		case 0:
			c.stored(final, c.take(int(op>>2&31)))
		case 1:
			c.bits(final|1<<1, 3)
			c.symbols(fixedLiteral, fixedDistance)
		case 2:
			c.bits(final|2<<1, 3)
			c.dynamic()
		default: // nothing, to have messages without a block
		}
		if final == 1 && op&3 != 3 {
			c.align()
		}
		more = op&0x60 == 0x60 && len(c.script) > 0
	}
	if c.next()&7 > 0 { // else it ends with its last block
		c.bits(0, 3)
	}
	return c.out, c.script
}

type crafter struct {
	script []byte
	out    []byte
	used   int // bits of the last byte; 0 means all
}

func (c *crafter) next() byte { return append(c.take(1), 0)[0] }

func (c *crafter) take(n int) []byte {
	n = min(n, len(c.script))
	p := c.script[:n:n]
	c.script = c.script[n:]
	return p
}

// bits writes a number of n bits.
func (c *crafter) bits(v, n int) {
	for i := range n {
		if c.used == 0 {
			c.out = append(c.out, 0)
		}
		c.out[len(c.out)-1] |= byte(v>>i&1) << c.used
		c.used = (c.used + 1) % 8
	}
}

// code writes a code of n bits, which begins with its most significant one.
func (c *crafter) code(v, n int) {
	for i := range n {
		c.bits(v>>(n-1-i), 1)
	}
}

func (c *crafter) align() { c.used = 0 }

func (c *crafter) stored(final int, p []byte) {
	c.bits(final, 3)
	c.align()
	c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(p)))
	c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(p)))
	c.out = append(c.out, p...)
}

// A coder writes the code for a symbol.
type coder func(c *crafter, symbol int)

func fixedLiteral(c *crafter, symbol int) {
	switch {
	case symbol < 144:
		c.code(0x30+symbol, 8)
	case symbol < 256:
		c.code(0x190+symbol-144, 9)
	case symbol < 280:
		c.code(symbol-256, 7)
	default:
		c.code(0xc0+symbol-280, 8)
	}
}

func fixedDistance(c *crafter, symbol int) { c.code(symbol, 5) }

// symbols writes literals and references, and the end of the block. Of a byte of the
// script below 0x80 becomes a literal; else it and the next two are a reference.
func (c *crafter) symbols(literal, distance coder) {
	for n := int(c.next()); n > 0 && len(c.script) > 0; n-- {
		b := int(c.next())
		if b < 0x80 {
			literal(c, b)
			continue
		}
		length := b & 0x7f % 29
		literal(c, 257+length)
		c.bits(int(c.next()), lengthExtra[length])
		d := int(c.next()) % 30
		distance(c, d)
		c.bits(int(c.next())|int(c.next())<<8, distanceExtra[d])
	}
	literal(c, 256)
}

// dynamic writes a block in which every symbol has a code, unless a byte of the
// script spoils one.
func (c *crafter) dynamic() {
	lengths := make([]int, 286+30)
	// 226 codes of 8 bits and 60 of 9 are complete, and so are 28 of 5 and 2 of 4.
	for i := range 286 {
		lengths[i] = 8
		if i < 60 {
			lengths[i] = 9
		}
	}
	for i := range 30 {
		lengths[286+i] = 5
		if i < 2 {
			lengths[286+i] = 4
		}
	}
	if b := int(c.next()); b >= 0xf0 { // a code that is none
		lengths[b*7%len(lengths)] = b & 15
	}
	c.bits(286-257|(30-1)<<5|(19-4)<<10, 14)
	for _, symbol := range lengthOrder { // 16 symbols of 4 bits; no repetitions
		n := 4
		if symbol > 15 {
			n = 0
		}
		c.bits(n, 3)
	}
	for _, n := range lengths {
		c.code(n, 4)
	}
	c.symbols(canonical(lengths[:286]), canonical(lengths[286:]))
}

// canonical returns what writes symbols in the code with these lengths.
func canonical(lengths []int) coder {
	codes, next := map[int]int{}, 0
	for n := 1; n <= 15; n++ {
		next <<= 1
		for symbol, length := range lengths {
			if length == n {
				codes[symbol] = next
				next++
			}
		}
	}
	return func(c *crafter, symbol int) { c.code(codes[symbol], lengths[symbol]) }
}
