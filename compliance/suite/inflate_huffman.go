package suite

// The tables of RFC 1951, section 3.2.5.
var (
	lengthBase = [29]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83,
		99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]uint{8: 1, 9: 1, 10: 1, 11: 1, 12: 2, 13: 2, 14: 2, 15: 2, 16: 3, 17: 3, 18: 3, 19: 3,
		20: 4, 21: 4, 22: 4, 23: 4, 24: 5, 25: 5, 26: 5, 27: 5}
	distBase = [30]int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769,
		1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
)

// distExtra returns the number of bits after the code of a distance.
func distExtra(code int) uint { return uint(max(0, code/2-1)) }

// A huffman is a canonical code (RFC 1951, section 3.2.2).
type huffman struct {
	count   [16]int // codes of each length
	symbols []int   // in the order of their codes
}

// newHuffman returns the code with these lengths. ok is false if there is no such code. As in other
// inflaters, an incomplete code is invalid, unless it has a single symbol of one bit, or no symbol
// (section 3.2.7).
func newHuffman(lengths []uint8) (h huffman, ok bool) {
	var next [16]int
	for _, n := range lengths {
		h.count[n]++
	}
	used := len(lengths) - h.count[0]
	h.count[0] = 0
	room := 1
	for n := 1; n < 16; n++ {
		next[n] = next[n-1] + h.count[n-1]
		if room = room<<1 - h.count[n]; room < 0 {
			return h, false
		}
	}
	if room > 0 && used > 0 && (used > 1 || h.count[1] == 0) {
		return h, false
	}
	h.symbols = make([]int, len(lengths))
	for sym, n := range lengths {
		if n > 0 {
			h.symbols[next[n]] = sym
			next[n]++
		}
	}
	return h, true
}

func (f *inflater) symbol(h *huffman) int {
	code, first, index := 0, 0, 0
	for n := 1; n < 16; n++ {
		code |= f.bitsOf(1)
		if code-first < h.count[n] {
			return h.symbols[index+code-first]
		}
		index += h.count[n]
		first = (first + h.count[n]) << 1
		code <<= 1
	}
	f.bad("code without a symbol")
	return 0
}

// The fixed codes (RFC 1951, section 3.2.6).
var (
	fixedLiterals  = fixed(288)
	fixedDistances = fixed(32)
)

func fixed(n int) huffman {
	lengths := make([]uint8, n)
	for i := range lengths {
		lengths[i] = fixedLength(i, n)
	}
	h, _ := newHuffman(lengths)
	return h
}

func fixedLength(sym, n int) uint8 {
	switch {
	case n < 288:
		return 5
	case sym < 144:
		return 8
	case sym < 256:
		return 9
	case sym < 280:
		return 7
	}
	return 8
}

// tables reads the codes of a dynamic block (RFC 1951, section 3.2.7).
func (f *inflater) tables() (literals, distances *huffman) {
	order := [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}
	nLit, nDist, nCode := f.bitsOf(5)+257, f.bitsOf(5)+1, f.bitsOf(4)+4
	if nLit > 286 || nDist > 30 {
		f.bad("block with more codes than symbols")
	}
	var sizes [19]uint8
	for _, i := range order[:nCode] {
		sizes[i] = uint8(f.bitsOf(3))
	}
	meta := f.huffman(sizes[:])
	var lengths []uint8
	for len(lengths) < nLit+nDist {
		sym, last := f.symbol(meta), uint8(0)
		if sym < 16 {
			lengths = append(lengths, uint8(sym))
			continue
		}
		n := 0
		switch sym {
		case 16:
			if len(lengths) == 0 {
				f.bad("repeated code length before the first one")
			}
			last, n = lengths[len(lengths)-1], 3+f.bitsOf(2)
		case 17:
			n = 3 + f.bitsOf(3)
		default:
			n = 11 + f.bitsOf(7)
		}
		for range n {
			lengths = append(lengths, last)
		}
	}
	if len(lengths) > nLit+nDist || lengths[256] == 0 {
		f.bad("block with invalid code lengths")
	}
	return f.huffman(lengths[:nLit]), f.huffman(lengths[nLit:])
}

func (f *inflater) huffman(lengths []uint8) *huffman {
	h, ok := newHuffman(lengths)
	if !ok {
		f.bad("block with invalid code lengths")
	}
	return &h
}
