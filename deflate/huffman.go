package deflate

import "math/bits"

// A table decodes a Huffman code (RFC 1951, section 3.2.2). Its first part has an
// entry for every value of the next bits; codes that are longer go on in a second
// part, which that entry points to.
type table []entry

// An entry has, from the least significant bit on: the length of the code in 4
// bits, which is 0 if there is no such code; the number of extra bits that follow
// it in 4; flags in 8; and a value in 16. In an entry that points on the extra bits
// are those that select in the second part, which is at value.
type entry uint32

const (
	isLiteral entry = 1 << (8 + iota)
	isEnd           // the end of a block
	isPointer       // to the second part of a table
	isBad           // a symbol that must not occur
)

func (e entry) bits() uint  { return uint(e & 15) }
func (e entry) extra() uint { return uint(e >> 4 & 15) }
func (e entry) value() int  { return int(e >> 16) }

// The bits that the first parts of the tables decide on.
const (
	literalBits  = 9
	distanceBits = 8
	lengthBits   = 7 // the longest code for a code length
)

// find returns the entry for the next bits, of which the first part of t decides
// on n.
func (t table) find(next uint64, n uint) entry {
	e := t[next&(1<<n-1)]
	if e&isPointer != 0 {
		e = t[uint64(e>>16)+next>>n&(1<<e.extra()-1)]
	}
	return e
}

// A sorter has the symbols of a code by its codes.
type sorter struct {
	count   [16]int // how many codes have that length
	symbols [320]uint16
}

// sort returns the symbols that have a code. It reports whether their lengths make a
// code: one that is complete, or has one symbol with one bit, or none. zlib and
// compress/flate take the same.
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

// build makes t the table for a code whose symbols have these lengths and meanings.
// It reports whether they make a code. The first part of t decides on n bits.
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
	var second table  // the part that codes of more than n bits go to
	prefix := uint(0) // of these codes; no code is all zeros but the first
	code, length := uint(0), uint(0)
	for _, symbol := range symbols {
		for now := uint(lengths[symbol]); length < now; length++ {
			if length < n { // of the bits so far each value comes with a 0 and a 1
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
		// The next code, whose first bit stands in the least place: add 1 at the
		// other end.
		carry := uint(1) << bits.Len(^code&(1<<length-1)) >> 1
		code = code&(carry-1) | carry
	}
	for ; length < n; length++ {
		copy(first[1<<length:], first[:1<<length])
	}
	return true
}

// second adds a second part for the codes that begin with prefix, in n bits, the
// first of which has length bits.
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

// What the symbols of the three alphabets mean (RFC 1951, sections 3.2.5 and 3.2.7),
// and the codes that need not be sent (section 3.2.6). They are never changed.
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

// The value of a code length is the length, that of a repetition how often at
// least.
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
