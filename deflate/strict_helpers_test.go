package deflate_test

import (
	"errors"
	"fmt"
)

// A strict is a naive inflater with a window of exactly size bytes: a distance that reaches
// further back is an error. It is written from RFC 1951 for these tests, without regard to
// speed.
type strict struct {
	size    int
	history []byte // the output since forget
	bits    bitReader
	finals  int  // number of final blocks
	longest int  // longest distance
	early   bool // the last message ended with its last block, without the tail
}

// A bitReader reads bits from bytes, the least significant bit first (section 3.1.1).
type bitReader struct {
	data []byte
	pos  int // in bits
	err  error
}

var errBits = errors.New("strict: input ends within a block")

func (b *bitReader) take(n int) int {
	v := 0
	for i := range n {
		if b.pos == 8*len(b.data) {
			b.err = errBits
			return 0
		}
		v |= int(b.data[b.pos/8]>>(b.pos%8)&1) << i
		b.pos++
	}
	return v
}

func (b *bitReader) align() { b.pos = (b.pos + 7) &^ 7 }

// A code is a canonical Huffman code (section 3.2.2).
type code struct {
	count   [16]int // number of symbols by the length of their codes
	symbols []int   // sorted by the length of their codes, then by value
}

// isCode reports whether the lengths are valid: the code is complete, or it has a single
// symbol with one bit, or no symbol.
func isCode(lengths []int) bool {
	sum, used, last := 0, 0, 0
	for _, n := range lengths {
		if n > 0 {
			sum += 1 << (15 - n)
			used, last = used+1, n
		}
	}
	return sum == 1<<15 || used == 0 || used == 1 && last == 1
}

func newCode(lengths []int) code {
	var c code
	for length := 1; length < 16; length++ {
		for symbol, n := range lengths {
			if n == length {
				c.count[length]++
				c.symbols = append(c.symbols, symbol)
			}
		}
	}
	return c
}

func (c code) take(b *bitReader) int {
	value, first, index := 0, 0, 0
	for length := 1; length < 16; length++ {
		value |= b.take(1)
		if b.err != nil {
			return 0
		}
		if value-first < c.count[length] {
			return c.symbols[index+value-first]
		}
		index += c.count[length]
		first = (first + c.count[length]) << 1
		value <<= 1
	}
	b.err = errors.New("strict: invalid code")
	return 0
}

// message inflates the payload of a compressed message (RFC 7692, section 7.2.2). The payload
// may also end with its last block, at a byte boundary. If there is an error, message also
// returns the output before it.
func (s *strict) message(payload []byte) ([]byte, error) {
	s.bits = bitReader{data: append(append([]byte(nil), payload...), 0, 0, 0xff, 0xff)}
	start := len(s.history)
	for s.early = false; s.bits.pos < 8*len(s.bits.data); {
		if s.early = s.bits.pos == 8*len(payload); s.early {
			break
		}
		if err := s.block(); err != nil {
			return s.history[start:], fmt.Errorf("%w at bit %d", err, s.bits.pos)
		}
	}
	return s.history[start:], nil
}

// forget empties the window.
func (s *strict) forget() { s.history = nil }

func (s *strict) block() error {
	final := s.bits.take(1)
	switch s.bits.take(2) {
	case 0:
		s.bits.align()
		n := s.bits.take(16)
		if complement := s.bits.take(16); s.bits.err == nil && complement != n^0xffff {
			return errors.New("strict: length does not match its complement")
		}
		for i := 0; i < n && s.bits.err == nil; i++ {
			if b := byte(s.bits.take(8)); s.bits.err == nil {
				s.history = append(s.history, b)
			}
		}
	case 1:
		s.symbols(fixedCodes())
	case 2:
		if literals, distances := s.codes(); s.bits.err == nil {
			s.symbols(literals, distances)
		}
	default:
		return errors.New("strict: reserved block type")
	}
	if final == 1 {
		s.finals++
		s.bits.align()
	}
	return s.bits.err
}

func fixedCodes() (literals, distances code) {
	lengths := make([]int, 288)
	for i := range lengths {
		switch {
		case i < 144:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		case i < 280:
			lengths[i] = 7
		default:
			lengths[i] = 8
		}
	}
	five := make([]int, 32)
	for i := range five {
		five[i] = 5
	}
	return newCode(lengths), newCode(five)
}

// codes reads the codes of a dynamic block (section 3.2.7).
func (s *strict) codes() (literals, distances code) {
	b := &s.bits
	nlit, ndist, nlen := b.take(5)+257, b.take(5)+1, b.take(4)+4
	order := []int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	first := make([]int, 19)
	for _, i := range order[:nlen] {
		first[i] = b.take(3)
	}
	if b.err == nil && (nlit > 286 || ndist > 30 || !isCode(first)) {
		b.err = errors.New("strict: invalid code for lengths")
		return
	}
	lengths, c := make([]int, 0, nlit+ndist), newCode(first)
	for len(lengths) < nlit+ndist && b.err == nil {
		symbol, again, value := c.take(b), 1, 0
		switch symbol {
		case 16:
			if len(lengths) == 0 {
				b.err = errors.New("strict: nothing to repeat")
				return
			}
			again, value = 3+b.take(2), lengths[len(lengths)-1]
		case 17:
			again = 3 + b.take(3)
		case 18:
			again = 11 + b.take(7)
		default:
			value = symbol
		}
		for range again {
			lengths = append(lengths, value)
		}
	}
	if b.err == nil && len(lengths) != nlit+ndist {
		b.err = errors.New("strict: too many code lengths")
	}
	if b.err == nil && (!isCode(lengths[:nlit]) || !isCode(lengths[nlit:])) {
		b.err = errors.New("strict: invalid code lengths")
	}
	if b.err != nil {
		return
	}
	return newCode(lengths[:nlit]), newCode(lengths[nlit:])
}

// symbols reads the data of a block up to its end (section 3.2.5).
func (s *strict) symbols(literals, distances code) {
	b := &s.bits
	for b.err == nil {
		symbol := literals.take(b)
		switch {
		case b.err != nil || symbol == 256:
			return
		case symbol < 256:
			s.history = append(s.history, byte(symbol))
			continue
		case symbol > 285:
			b.err = errors.New("strict: invalid length symbol")
			return
		}
		length := 258
		if symbol < 265 {
			length = symbol - 254
		} else if symbol < 285 {
			extra := (symbol - 261) / 4
			length = 3 + (4+(symbol-265)%4)<<extra + b.take(extra)
		}
		symbol = distances.take(b)
		if b.err == nil && symbol > 29 {
			b.err = errors.New("strict: invalid distance symbol")
		}
		if b.err != nil {
			return
		}
		distance := symbol + 1
		if symbol > 3 {
			extra := symbol/2 - 1
			distance = 1 + (2+symbol%2)<<extra + b.take(extra)
		}
		if b.err != nil { // the input ends within the extra bits
			return
		}
		s.longest = max(s.longest, distance)
		if distance > min(s.size, len(s.history)) {
			b.err = fmt.Errorf("strict: distance %d, window %d, history %d", distance, s.size, len(s.history))
			return
		}
		for range length {
			s.history = append(s.history, s.history[len(s.history)-distance])
		}
	}
}
