package inflate

import "encoding/binary"

// Craft returns the payload of a message for a script, with all kinds of blocks. Most payloads
// are valid, with references to the edges of windows. Some scripts cause a fault: a reference
// that reaches too far, or an invalid symbol, code or length. rest is the part of the script
// after the message.
func Craft(script []byte) (payload, rest []byte) {
	c := &crafter{script: script}
	for more := true; more; {
		op := c.next()
		final := int(op >> 7)
		switch op & 3 {
		case 0:
			c.stored(final, c.take(int(op>>2&31)), c.next())
		case 1:
			c.bits(final|1<<1, 3)
			c.symbols(fixedLiteral, fixedDistance)
		case 2:
			c.bits(final|2<<1, 3)
			c.dynamic()
		default: // no block, so that there are messages without any
		}
		if final == 1 && op&3 != 3 {
			c.align()
		}
		more = op&0x60 == 0x60 && len(c.script) > 0
	}
	if c.next()&7 > 0 { // otherwise it ends with its last block
		c.bits(0, 3)
	}
	return c.out, c.script
}

type crafter struct {
	script []byte
	out    []byte
	used   int // bits of the last byte; 0 means all
	made   int // inflated bytes
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

// code writes a code of n bits, the most significant bit first.
func (c *crafter) code(v, n int) {
	for i := range n {
		c.bits(v>>(n-1-i), 1)
	}
}

func (c *crafter) align() { c.used = 0 }

func (c *crafter) stored(final int, p []byte, spoil byte) {
	c.bits(final, 3)
	c.align()
	complement := ^uint16(len(p))
	if spoil >= 0xf0 {
		complement ^= 1 << (spoil & 15)
	}
	c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(p)))
	c.out = binary.LittleEndian.AppendUint16(c.out, complement)
	c.out = append(c.out, p...)
	c.made += len(p)
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

// symbols writes literals and references, and the end of the block. A byte of the script
// below 0x80 is a literal, and so is the byte after one of 0x80 to 0x8f. Other bytes begin
// a reference.
func (c *crafter) symbols(literal, distance coder) {
	for n := int(c.next()); n > 0 && len(c.script) > 0; n-- {
		b := int(c.next())
		switch {
		case b >= 0x90:
			c.reference(literal, distance, (b-0x90)%31) // two of them are invalid
			continue
		case b >= 0x80:
			b = int(c.next())
		}
		literal(c, b)
		c.made++
	}
	literal(c, 256)
}

func (c *crafter) reference(literal, distance coder, length int) {
	if length > 28 && c.next() < 0xe0 {
		length = 28
	}
	literal(c, 257+length)
	if length > 28 {
		return // nothing after an invalid symbol counts
	}
	extra := int(c.next()) & (1<<lengthExtra[length] - 1)
	c.bits(extra, lengthExtra[length])
	c.distance(distance)
	c.made += lengthBase[length] + extra
}

// distance writes a distance: a short one, any, one near the size of a window, or that of
// all inflated bytes. Rarely it is longer, or an invalid symbol.
func (c *crafter) distance(distance coder) {
	kind := int(c.next())
	back := 1 + kind&15
	switch kind >> 5 {
	case 2, 3:
		back = 1 + int(c.next())<<8 | int(c.next())
	case 4, 5:
		back = 1<<(8+kind&7) - 1 + kind>>3&3
	case 6:
		back = c.made
	case 7:
		if back = c.made; kind == 0xff {
			back += 1 + int(c.next())&3
		} else if kind == 0xfe {
			distance(c, 30+int(c.next())&1)
			return
		}
	}
	// The other distances may reach an earlier message.
	if before := kind>>5 == 5 && c.made < 32; !before && kind < 0xe0 {
		back = min(back, c.made)
	}
	back = min(max(back, 1), 1<<15)
	symbol := 29
	for distanceBase[symbol] > back {
		symbol--
	}
	distance(c, symbol)
	c.bits(back-distanceBase[symbol], distanceExtra[symbol])
}

// dynamic writes a dynamic block in which every symbol, or only a few, have a code. A byte
// of the script may make a length, the counts or the repetitions invalid.
func (c *crafter) dynamic() {
	literals, distances := make([]int, 286, 288), make([]int, 30, 32)
	shape := c.next()
	if shape < 0x80 {
		// 226 codes of 8 bits and 60 of 9 are a complete code, as are 28 of 5 and 2 of 4.
		for i := range literals {
			literals[i] = 8
			if i < 60 {
				literals[i] = 9
			}
		}
		for i := range distances {
			distances[i] = 5
			if i < 2 {
				distances[i] = 4
			}
		}
	} else { // a few symbols; and one distance, none, or an incomplete code
		literals['a'], literals[256], literals[257+int(shape)&15], literals[285] = 2, 2, 2, 2
		distances[0] = 1
		if shape&0x40 != 0 {
			distances[0], distances[1] = int(shape>>4&3), int(shape>>3&1)*2
		}
	}
	lengths := func() []int { return append(append([]int(nil), literals...), distances...) }
	switch b := int(c.next()); {
	case b < 0xc0:
	case b < 0xe0: // an invalid code, unless the length is the same
		if i := b * int(c.next()) % (286 + 30); i < 286 {
			literals[i] = b & 15
		} else {
			distances[i-286] = b & 15
		}
	case b < 0xf0: // symbols that do not exist
		literals = append(literals, make([]int, b&1)...)
		distances = append(distances, make([]int, b>>1&1)...)
	}
	c.bits(len(literals)-257|(len(distances)-1)<<5|(19-4)<<10, 14)
	// 13 symbols of 4 bits and 6 of 5 are a complete code.
	sizes := make([]int, 19)
	for i := range sizes {
		sizes[i] = 4
		if i > 12 {
			sizes[i] = 5
		}
	}
	for _, symbol := range lengthOrder {
		c.bits(sizes[symbol], 3)
	}
	c.lengths(lengths(), canonical(sizes))
	if shape < 0x80 {
		c.symbols(canonical(literals), canonical(distances))
		return
	}
	for _, symbol := range []int{'a', 'a', 285} {
		canonical(literals)(c, symbol)
	}
	canonical(distances)(c, 0)
	canonical(literals)(c, 256)
	c.made += 2 + 258
}

// lengths writes the lengths of codes, with repetitions.
func (c *crafter) lengths(all []int, code coder) {
	spoil, i := c.next(), 0
	if spoil>>3 == 0x1f { // repeats the length before, which does not exist
		code(c, 16)
		c.bits(0, 2)
		i = 3
	}
	for i < len(all) {
		n := 1
		for n < 138 && i+n < len(all) && all[i+n] == all[i] {
			n++
		}
		over := 0
		if i+n == len(all) && spoil>>3 == 0x1e {
			over = 1
		}
		switch {
		case all[i] == 0 && n > 10:
			code(c, 18)
			c.bits(min(n+over-11, 127), 7)
		case all[i] == 0 && n > 2:
			code(c, 17)
			c.bits(min(n+over-3, 7), 3)
		case i > 0 && all[i-1] == all[i] && n > 2:
			n = min(n, 6)
			code(c, 16)
			c.bits(min(n+over-3, 3), 2)
		default:
			n = 1
			code(c, all[i])
		}
		i += n
	}
}

// canonical returns a coder for the canonical code with these lengths. It writes nothing
// for a symbol without a code.
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
	return func(c *crafter, symbol int) {
		if symbol < len(lengths) {
			c.code(codes[symbol], lengths[symbol])
		}
	}
}

// Stored returns a script from which Craft makes a message of stored blocks of up to 31 bytes.
func Stored(data string) (script string) {
	for ; len(data) > 31; data = data[31:] {
		script += "\x7c" + data[:31] + "\x00"
	}
	return script + string(rune(len(data)<<2)) + data + "\x00\x01"
}
