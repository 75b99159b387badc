package deflate

import "math/bits"

// A table decodes a Huffman code (RFC 1951, section 3.2.2). Its first part has an entry for
// every value of the next few bits. Codes with more bits continue in a second part, to
// which their entry in the first part points.
type table []entry

// An entry has four fields, from the least significant bit on: 4 bits for the length of the
// code, which is 0 if there is no such code; 4 bits for the number of extra bits that follow
// the code; 8 bits for flags; and 16 bits for a value. In a pointer to a second part, the
// extra bits are the index there, and the value is the position of the part in the table.
type entry uint32

const (
	isLiteral entry = 1 << (8 + iota)
	isEnd           // the end of a block
	isPointer       // points to a second part of the table
	isBad           // a symbol that must not occur
)

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) extra() uint { return uint(e >> 4 & 15) }
func (e entry) value() int  { return int(e >> 16) }

// The number of bits that index the first parts of the tables.
const (
	literalBits  = 9
	distanceBits = 8
	lengthBits   = 7 // the longest code for a code length
)

// find returns the entry for the code at the start of next. The first part of t has an
// index of n bits.
func (t table) find(next uint64, n uint) entry {
	e := t[next&(1<<n-1)]
	if e&isPointer != 0 {
		e = t[uint64(e>>16)+next>>n&(1<<e.extra()-1)]
	}
	return e
}

// A sorter sorts the symbols of an alphabet by their codes.
type sorter struct {
	count   [16]int // number of codes of each length
	symbols [320]uint16
}

// sort returns the symbols that have a code, in the order of their codes. ok reports whether
// the lengths are valid: the code is complete, or it has a single symbol with one bit, or no
// symbol. zlib and compress/flate accept the same.
func (s *sorter) sort(lengths []uint8) (symbols []uint16, complete, ok bool) {
	s.count = [16]int{}
	for _, n := range lengths {
		s.count[n&15]++
	}
	used := len(lengths) - s.count[0]
	s.count[0] = 0
	var at [16]int
	left := 1
	for n := 1; n < 16; n++ {
		at[n] = at[n-1] + s.count[n-1]
		if left = 2*left - s.count[n]; left < 0 {
			return nil, false, false
		}
	}
	if left > 0 && used > 0 && (used > 1 || s.count[1] != 1) {
		return nil, false, false
	}
	for symbol, n := range lengths {
		if n > 0 {
			s.symbols[at[n&15]] = uint16(symbol)
			at[n&15]++
		}
	}
	return s.symbols[:used], left == 0, true
}

// build makes t the table of a code whose symbols have these lengths and meanings, with a
// first part that has an index of n bits. It reports whether the lengths are valid.
func (t *table) build(s *sorter, lengths []uint8, meanings []entry, n uint) bool {
	symbols, complete, ok := s.sort(lengths)
	if !ok {
		return false
	}
	first := (*t)[:1<<n]
	*t = first
	if !complete {
		clear(first)
	}
	var second table  // the part for codes of more than n bits
	prefix := uint(0) // of these codes; only the first code is all zeros
	code, length := uint(0), uint(0)
	for _, symbol := range symbols {
		for now := uint(lengths[symbol]); length < now; length++ {
			if length < n { // every code so far may be followed by a 0 or a 1
				copy(first[1<<length:], first[:1<<length])
			}
		}
		e := meanings[symbol] | entry(length)
		if length <= n {
			first[code] = e
		} else {
			if p := code & (1<<n - 1); p != prefix || second == nil {
				prefix = p
				second = t.second(s, p, length, n)
				first = (*t)[:1<<n]
			}
			for i := code >> n; i < uint(len(second)); i += 1 << (length - n) {
				second[i] = e
			}
		}
		s.count[length]--
		// To get the next code, add 1 at the most significant end: the first bit of a
		// code is its least significant one.
		carry := uint(1) << bits.Len(^code&(1<<length-1)) >> 1
		code = code&(carry-1) | carry
	}
	for ; length < n; length++ {
		copy(first[1<<length:], first[:1<<length])
	}
	return true
}

// second adds a second part for the codes that begin with the n bits of prefix. The first of
// these codes has length bits.
func (t *table) second(s *sorter, prefix, length, n uint) table {
	for left := 1 << (length - n); length < 15; length++ {
		if left -= s.count[length]; left <= 0 {
			break
		}
		left <<= 1
	}
	start := len(*t)
	for range 1 << (length - n) {
		*t = append(*t, 0)
	}
	(*t)[prefix] = isPointer | entry(length-n)<<4 | entry(start)<<16
	return (*t)[start:]
}

// The meanings of the symbols of the three alphabets (RFC 1951, sections 3.2.5 and 3.2.7),
// and the fixed codes (section 3.2.6). They never change.
var (
	literalMeanings  = meaningsOfLiterals()
	distanceMeanings = meaningsOfDistances()
	lengthMeanings   = meaningsOfLengths()

	fixedLiterals, fixedDistances = fixedTables()
)

func meaningsOfLiterals() (m [288]entry) {
	for i := range 256 {
		m[i] = isLiteral | entry(i)<<16
	}
	m[256] = isEnd
	base := 3
	for i := 257; i < 285; i++ {
		extra := max(0, (i-261)/4)
		m[i] = entry(extra)<<4 | entry(base)<<16
		base += 1 << extra
	}
	m[285] = 258 << 16
	m[286], m[287] = isBad, isBad
	return m
}

func meaningsOfDistances() (m [32]entry) {
	base := 1
	for i := range 30 {
		extra := max(0, i/2-1)
		m[i] = entry(extra)<<4 | entry(base)<<16
		base += 1 << extra
	}
	m[30], m[31] = isBad, isBad
	return m
}

// meaningsOfLengths returns entries whose value is a length or, for a repetition, the
// smallest count.
func meaningsOfLengths() (m [19]entry) {
	for i := range 16 {
		m[i] = isLiteral | entry(i)<<16
	}
	m[16], m[17], m[18] = 2<<4|3<<16, 3<<4|3<<16, 7<<4|11<<16
	return m
}

func fixedTables() (literals, distances table) {
	var lengths [288]uint8
	for i := range lengths {
		switch {
		case i < 144, i >= 280:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	literals, distances = newTable(literalBits), newTable(distanceBits)
	literals.build(new(sorter), lengths[:], literalMeanings[:], literalBits)
	var five [32]uint8
	for i := range five {
		five[i] = 5
	}
	distances.build(new(sorter), five[:], distanceMeanings[:], distanceBits)
	return literals, distances
}

// newTable returns a table with room for its first part.
func newTable(first uint) table { return make(table, 1<<first) }
