//go:build !purego && !tinygo && !race

package wire

// maskVectors combines the n bytes at p with the bytes of k, the lowest first. n must be at
// least 32.
//
//go:noescape
func maskVectors(p *byte, n int, k uint32)

// validVectors returns the length of a prefix of the n bytes at p that is valid UTF-8, except
// that its last rune may be incomplete, or its last byte invalid: C0, C1 or F5..FF. If the
// prefix is shorter than n, its last byte or one of the next 64 is invalid. n must be at least
// 32, and the 35 bytes before p+n are read.
//
//go:noescape
func validVectors(p *byte, n int) int

// The tables of validVectors, which uses the lookup method of John Keiser and Daniel Lemire
// (Validating UTF-8 in less than one instruction per byte, 2021, https://arxiv.org/abs/2010.03090).
// Whether two neighboring bytes are valid depends on three half bytes: both halves of the
// first byte, and the high half of the second. Each table maps a half byte to the faults that
// are possible with it. Two bytes have a fault if all three tables have it.
const (
	tooShort    = 1 << iota // a first byte, and no continuation
	tooLong                 // ASCII, and a continuation
	overlong3               // E0, and 80..9F
	tooLarge                // F4, and 90..BF; F5..FF, and 90..BF
	surrogate               // ED, and A0..BF
	overlong2               // C0 or C1, and a continuation
	overlong4               // F0, and 80..8F; also F5..FF, and 80..8F
	twoContinue             // two continuations, unless E0..FF is before them; FAULTS needs the top bit

	anyLow = tooShort | tooLong | twoContinue // faults that do not depend on the low half
	over   = tooLarge | overlong4
)

//lint:ignore U1000 The assembly uses it.
var vectorTables = [3][16]byte{
	{ // by the high half of the first byte
		0x0: tooLong, 0x1: tooLong, 0x2: tooLong, 0x3: tooLong,
		0x4: tooLong, 0x5: tooLong, 0x6: tooLong, 0x7: tooLong,
		0x8: twoContinue, 0x9: twoContinue, 0xa: twoContinue, 0xb: twoContinue,
		0xc: tooShort | overlong2,
		0xd: tooShort,
		0xe: tooShort | overlong3 | surrogate,
		0xf: tooShort | over,
	},
	{ // by its low half
		0x0: anyLow | overlong2 | overlong3 | overlong4,
		0x1: anyLow | overlong2,
		0x2: anyLow, 0x3: anyLow,
		0x4: anyLow | tooLarge,
		0x5: anyLow | over, 0x6: anyLow | over, 0x7: anyLow | over, 0x8: anyLow | over,
		0x9: anyLow | over, 0xa: anyLow | over, 0xb: anyLow | over, 0xc: anyLow | over,
		0xd: anyLow | over | surrogate,
		0xe: anyLow | over, 0xf: anyLow | over,
	},
	{ // by the high half of the second byte
		0x0: tooShort, 0x1: tooShort, 0x2: tooShort, 0x3: tooShort,
		0x4: tooShort, 0x5: tooShort, 0x6: tooShort, 0x7: tooShort,
		0x8: tooLong | twoContinue | overlong2 | overlong3 | overlong4,
		0x9: tooLong | twoContinue | overlong2 | overlong3 | tooLarge,
		0xa: tooLong | twoContinue | overlong2 | surrogate | tooLarge,
		0xb: tooLong | twoContinue | overlong2 | surrogate | tooLarge,
		0xc: tooShort, 0xd: tooShort, 0xe: tooShort, 0xf: tooShort,
	},
}
