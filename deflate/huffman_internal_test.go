package deflate

import (
	"math/rand/v2"
	"testing"
)

// splitLengths returns the lengths of a complete code of n symbols and up to 29 unused
// symbols. It splits random codes in two until there are enough.
func splitLengths(rnd *rand.Rand, n int) []uint8 {
	lengths := []uint8{1, 1}
	for len(lengths) < n {
		i := rnd.IntN(len(lengths))
		if rnd.IntN(2) == 0 {
			i = len(lengths) - 1 // makes long codes
		}
		if lengths[i] < 15 {
			lengths[i]++
			lengths = append(lengths, lengths[i])
		}
	}
	for range rnd.IntN(30) {
		lengths = append(lengths, 0)
	}
	rnd.Shuffle(len(lengths), func(i, j int) { lengths[i], lengths[j] = lengths[j], lengths[i] })
	return lengths
}

// naive returns the codes of RFC 1951, section 3.2.2, with the first bit as the least
// significant one.
func naive(lengths []uint8) []uint64 {
	codes := make([]uint64, len(lengths))
	next := uint64(0)
	for length := 1; length < 16; length++ {
		for symbol, n := range lengths {
			if int(n) == length {
				for i := range length {
					codes[symbol] |= next >> (length - 1 - i) & 1 << i
				}
				next++
			}
		}
		next <<= 1
	}
	return codes
}

// A table finds every symbol by its code, whatever bits follow.
func TestTable(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 1))
	meanings := make([]entry, 320)
	for i := range meanings {
		meanings[i] = entry(i) << 16
	}
	var s sorter
	longest := 0
	for _, first := range []uint{literalBits, distanceBits, lengthBits} {
		table := newTable(first)
		for range 300 {
			lengths := splitLengths(rnd, 2+rnd.IntN(284))
			if !table.build(&s, lengths, meanings, first) {
				t.Fatalf("%v is refused", lengths)
			}
			for symbol, code := range naive(lengths) {
				n := uint(lengths[symbol])
				if n == 0 {
					continue
				}
				for range 4 {
					e := table.find(code|rnd.Uint64()<<n, first)
					if e.value() != symbol || e.bits() != n {
						t.Fatalf("%v: code %b of %d is read as %d, %d bits", lengths, code, symbol, e.value(),
							e.bits())
					}
				}
			}
			longest = max(longest, len(table))
		}
	}
	if longest < 700 {
		t.Errorf("the largest table has only %d entries: there are too few second parts", longest)
	}
}

// build accepts the lengths of complete codes, of a single symbol with one bit, and of no
// symbol.
func TestTableRefuses(t *testing.T) {
	for _, row := range []struct {
		lengths []uint8
		ok      bool
	}{
		{nil, true},
		{[]uint8{0, 0, 0}, true},
		{[]uint8{0, 1}, true},
		{[]uint8{1, 1}, true},
		{[]uint8{2, 2, 2, 2}, true},
		{[]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 15}, true},
		{[]uint8{2}, false},
		{[]uint8{15}, false},
		{[]uint8{1, 2}, false},
		{[]uint8{2, 2, 2}, false},
		{[]uint8{1, 1, 1}, false},
		{[]uint8{1, 1, 15}, false},
		{[]uint8{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, false},
	} {
		table, stale := newTable(literalBits), newTable(literalBits)
		if got := table.build(new(sorter), row.lengths, literalMeanings[:], literalBits); got != row.ok {
			t.Errorf("%v: %v", row.lengths, got)
		}
		// The former contents of a table do not matter.
		for i := range stale {
			stale[i] = isLiteral | 9
		}
		if stale.build(new(sorter), row.lengths, literalMeanings[:], literalBits) {
			for i := range table {
				if table[i] != stale[i] {
					t.Fatalf("%v: entry %d is %x in a new table and %x in a used one",
						row.lengths, i, table[i], stale[i])
				}
			}
		}
	}
}
