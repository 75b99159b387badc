package inflate

// A code is a Huffman code: its symbols in the order of their codes, the shortest first,
// and the number of codes of each length.
type code struct {
	symbols []int
	count   [16]int
}

// next reads a symbol. The codes of a length are consecutive, and the first of a length
// follows the last of the length before (section 3.2.2).
func (c *code) next(r *reader) (int, error) {
	value, first, before := 0, 0, 0
	for n := 1; n <= 15; n++ {
		bit, err := r.bits(1)
		if err != nil {
			return 0, err
		}
		value = value<<1 | bit
		if value < first+c.count[n] {
			return c.symbols[before+value-first], nil
		}
		before += c.count[n]
		first = (first + c.count[n]) << 1
	}
	return 0, ErrSymbol
}

// newCode returns the code with these lengths. The code must be complete, or have one symbol
// of one bit, or no symbol.
func newCode(lengths []int) (*code, error) {
	c, free := &code{}, 1 // unused codes of n bits
	for n := 1; n <= 15; n++ {
		free *= 2
		for symbol, length := range lengths {
			if length == n {
				c.symbols = append(c.symbols, symbol)
				c.count[n]++
				free--
			}
		}
		if free < 0 {
			return nil, ErrCode
		}
	}
	lone := len(c.symbols) == 1 && c.count[1] == 1
	if free > 0 && len(c.symbols) > 0 && !lone {
		return nil, ErrCode
	}
	return c, nil
}

// codes reads the codes of a dynamic block (section 3.2.7).
func (r *reader) codes() (literals, distances *code, err error) {
	counts, err := r.bits(14)
	if err != nil {
		return nil, nil, err
	}
	nlit, ndist, nlen := counts&31+257, counts>>5&31+1, counts>>10+4
	if nlit > 286 || ndist > 30 {
		return nil, nil, ErrCode
	}
	first := make([]int, 19)
	for _, i := range lengthOrder[:nlen] {
		if first[i], err = r.bits(3); err != nil {
			return nil, nil, err
		}
	}
	c, err := newCode(first)
	if err != nil {
		return nil, nil, err
	}
	lengths, err := r.lengths(c, nlit+ndist)
	if err != nil {
		return nil, nil, err
	}
	if literals, err = newCode(lengths[:nlit]); err == nil {
		distances, err = newCode(lengths[nlit:])
	}
	return literals, distances, err
}

// lengths reads the n code lengths of both codes.
func (r *reader) lengths(c *code, n int) (lengths []int, err error) {
	for len(lengths) < n {
		symbol, err := c.next(r)
		if err != nil {
			return nil, err
		}
		value, more, extra := symbol, 1, 0
		switch symbol {
		case 16:
			if len(lengths) == 0 {
				return nil, ErrCode
			}
			value = lengths[len(lengths)-1]
			extra, err = r.bits(2)
			more = 3 + extra
		case 17:
			value = 0
			extra, err = r.bits(3)
			more = 3 + extra
		case 18:
			value = 0
			extra, err = r.bits(7)
			more = 11 + extra
		}
		if err != nil {
			return nil, err
		}
		for range more {
			lengths = append(lengths, value)
		}
	}
	if len(lengths) > n {
		return nil, ErrCode
	}
	return lengths, nil
}

// lengthOrder is the order of the lengths of the code for lengths.
var lengthOrder = [19]int{16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15}

// The tables of section 3.2.5.
var (
	lengthBase = [29]int{3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31,
		35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258}
	lengthExtra = [29]int{0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2,
		3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0}
	distanceBase = [30]int{1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193,
		257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577}
	distanceExtra = [30]int{0, 0, 0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6,
		7, 7, 8, 8, 9, 9, 10, 10, 11, 11, 12, 12, 13, 13}
)

// The codes of section 3.2.6.
var fixedLiterals, fixedDistances = fixedCodes()

func fixedCodes() (literals, distances *code) {
	lengths := make([]int, 288)
	for i := range lengths {
		switch {
		case i < 144 || i > 279:
			lengths[i] = 8
		case i < 256:
			lengths[i] = 9
		default:
			lengths[i] = 7
		}
	}
	five := make([]int, 32)
	for i := range five {
		five[i] = 5
	}
	literals, _ = newCode(lengths) // both codes are complete
	distances, _ = newCode(five)
	return literals, distances
}
