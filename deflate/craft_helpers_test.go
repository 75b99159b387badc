package deflate_test

import (
	"encoding/binary"
	"math/rand/v2"
)

// A crafter writes DEFLATE data block by block (RFC 1951, section 3.2).
type crafter struct {
	out []byte
	n   uint // number of bits used in the last byte of out; 0 if it is full
}

// bits writes the n low bits of v, the least significant bit first.
func (c *crafter) bits(v, n uint) *crafter {
	for range n {
		if c.n == 0 {
			c.out = append(c.out, 0)
		}
		c.out[len(c.out)-1] |= byte(v&1) << c.n
		c.n = (c.n + 1) % 8
		v >>= 1
	}
	return c
}

// huffman writes a code of n bits, the most significant bit first.
func (c *crafter) huffman(v, n uint) *crafter {
	for i := range n {
		c.bits(v>>(n-1-i), 1)
	}
	return c
}

func (c *crafter) align() *crafter { c.n = 0; return c }

// stored writes a stored block.
func (c *crafter) stored(final uint, data string) *crafter {
	c.bits(final, 1).bits(0, 2).align()
	c.out = binary.LittleEndian.AppendUint16(c.out, uint16(len(data)))
	c.out = binary.LittleEndian.AppendUint16(c.out, ^uint16(len(data)))
	c.out = append(c.out, data...)
	return c
}

// fixed begins a block with fixed Huffman codes.
func (c *crafter) fixed(final uint) *crafter { return c.bits(final, 1).bits(1, 2) }

func (c *crafter) literals(s string) *crafter {
	for _, b := range []byte(s) {
		if b < 144 {
			c.huffman(0x30+uint(b), 8)
		} else {
			c.huffman(0x190+uint(b)-144, 9)
		}
	}
	return c
}

// match3 writes a match of three bytes at distance, which must be 1, 2, 3 or a power of two.
func (c *crafter) match3(distance uint) *crafter {
	c.huffman(1, 7) // symbol 257
	if distance <= 4 {
		return c.huffman(distance-1, 5)
	}
	extra := uint(0)
	for 4<<extra < distance {
		extra++
	}
	// The largest distance of symbol 2*extra+3 is 4<<extra.
	return c.huffman(2*extra+3, 5).bits(1<<extra-1, extra)
}

func (c *crafter) end() *crafter { return c.huffman(0, 7) }

// message returns the payload of a message: it adds the header of a stored block, whose
// length is the tail that a sender removes.
func (c *crafter) message() []byte { return c.bits(0, 3).align().out }

// zeros returns a message of n*258+1 zeros. 258 of them take a quarter of a byte, which is
// the best compression that DEFLATE has.
func zeros(n int) []byte {
	c := &crafter{}
	c.bits(0, 1).bits(2, 2)
	c.bits(286-257, 5).bits(0, 5).bits(18-4, 4) // codes up to 285, one distance, 18 lengths
	// The codes for the code lengths 0, 1, 2 and 18 have 2 bits.
	for _, symbol := range []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1} {
		switch symbol {
		case 0, 1, 2, 18:
			c.bits(2, 3)
		default:
			c.bits(0, 3)
		}
	}
	zero := func(n uint) { c.huffman(3, 2).bits(n-11, 7) }
	c.huffman(2, 2) // 0: 2 bits
	zero(138)
	zero(117)
	c.huffman(2, 2) // 256: 2 bits
	zero(28)
	c.huffman(1, 2) // 285: 1 bit
	c.huffman(1, 2) // distance 1: 1 bit
	c.huffman(2, 2) // a zero
	for range n {
		c.huffman(0, 1).huffman(0, 1)
	}
	return c.huffman(3, 2).message()
}

// randomBlocks returns a message of blocks of all kinds.
func randomBlocks(rnd *rand.Rand) []byte {
	c := &crafter{}
	for range 1 + rnd.IntN(4) {
		final := uint(rnd.IntN(8) / 7)
		switch rnd.IntN(3) {
		case 0:
			c.stored(final, string(mixedMessage(rnd, rnd.IntN(100))))
		case 1:
			c.fixed(final)
			randomSymbols(c, rnd, nil, nil)
		default:
			randomDynamic(c.bits(final, 1).bits(2, 2), rnd)
		}
		if final == 1 {
			c.align()
		}
	}
	return c.message()
}

// randomDynamic writes a block with codes of random lengths, up to 15 bits.
func randomDynamic(c *crafter, rnd *rand.Rand) {
	literals := randomLengths(rnd, 257+rnd.IntN(30), 256)
	distances := randomLengths(rnd, 1+rnd.IntN(30), 0)
	c.bits(uint(len(literals)-257), 5).bits(uint(len(distances)-1), 5).bits(19-4, 4)
	for i := range 19 { // the lengths 0 to 15 have codes of 4 bits, and repetitions have none
		c.bits(uint(min(i/3, 1)*4), 3)
	}
	for _, n := range append(literals[:len(literals):len(literals)], distances...) {
		c.huffman(n, 4)
	}
	randomSymbols(c, rnd, literals, distances)
}

// randomLengths returns lengths of a complete code for at most n symbols, including the
// symbol must.
func randomLengths(rnd *rand.Rand, n, must int) []uint {
	leaves := []uint{1, 1}
	if n == 1 {
		leaves = leaves[:1]
	}
	for want := 2 + rnd.IntN(max(1, n-1)); len(leaves) < min(want, n); {
		i := rnd.IntN(len(leaves))
		if rnd.IntN(3) == 0 {
			i = len(leaves) - 1
		}
		if leaves[i] < 15 {
			leaves[i]++
			leaves = append(leaves, leaves[i])
		}
	}
	lengths := make([]uint, n)
	for i, symbol := range rnd.Perm(n)[:len(leaves)] {
		lengths[symbol] = leaves[i]
	}
	if lengths[must] == 0 {
		for symbol, length := range lengths {
			if length > 0 {
				lengths[must], lengths[symbol] = length, 0
				break
			}
		}
	}
	return lengths
}

// codesOf returns the canonical code that has these lengths.
func codesOf(lengths []uint) []uint {
	codes, next := make([]uint, len(lengths)), uint(0)
	for n := uint(1); n < 16; n++ {
		for symbol, length := range lengths {
			if length == n {
				codes[symbol] = next
				next++
			}
		}
		next <<= 1
	}
	return codes
}

// randomSymbols writes random symbols and the end of the block. Some matches reach too far
// back. Without lengths it uses the fixed codes.
func randomSymbols(c *crafter, rnd *rand.Rand, literals, distances []uint) {
	if literals == nil {
		literals, distances = make([]uint, 286), make([]uint, 30)
		for i := range literals {
			literals[i] = 8
			if i >= 144 && i < 256 {
				literals[i] = 9
			} else if i >= 256 && i < 280 {
				literals[i] = 7
			}
		}
		for i := range distances {
			distances[i] = 5
		}
	}
	put := func(lengths []uint, symbol int) bool {
		if lengths[symbol] > 0 {
			c.huffman(codesOf(lengths)[symbol], lengths[symbol])
		}
		return lengths[symbol] > 0
	}
	made := 0
	for range rnd.IntN(200) {
		symbol := rnd.IntN(len(literals))
		if symbol == 256 || symbol > 256 && (made < 10 || rnd.IntN(3) > 0) {
			symbol = rnd.IntN(256)
		}
		if symbol > 256 && distances[0] == 0 {
			continue // only the first few distances are used, so the first must have a code
		}
		if !put(literals, symbol) {
			continue
		}
		if made++; symbol < 256 {
			continue
		}
		if symbol > 264 && symbol < 285 {
			c.bits(uint(rnd.Uint32()), uint(symbol-261)/4)
		}
		far := 0
		for far+1 < min(len(distances), 2+rnd.IntN(12)) && distances[far+1] > 0 {
			far++
		}
		put(distances, far)
		if far > 3 {
			c.bits(uint(rnd.Uint32()), uint(far)/2-1)
		}
	}
	put(literals, 256)
}

// dynamicBlock begins a block with dynamic codes. lengths has the code lengths of the symbols
// 16, 17, 18 and 0, in three bits each. The symbol 16 is in the lowest bits.
func dynamicBlock(lengths uint) *crafter {
	return new(crafter).bits(0, 1).bits(2, 2).bits(0, 10).bits(0, 4).bits(lengths, 12)
}
