package wire

import "encoding/binary"

// UTF8 checks that text is valid UTF-8 (RFC 3629). The text may arrive in pieces that are
// cut anywhere. UTF8 finds an invalid byte as soon as it arrives: it refuses F4 90 at the
// second byte, because no valid text begins that way. The zero value is ready for a new
// text.
type UTF8 struct {
	state uint8 // a shift into a row of utf8Rows; 0 between runes
}

// Check checks the next piece of the text. If the text so far can begin a valid text, ok is
// true and n is len(p). Otherwise n is the index in p of the first invalid byte, and every
// later Check returns 0, false, even for an empty piece.
func (u *UTF8) Check(p []byte) (n int, ok bool) {
	if len(p) >= minUTF8Vectors && useVectors {
		if len(p) >= 2*maxVectors {
			return u.checkPieces(p)
		}
		if u.state == utf8Accept { // without another call if the text ends in ASCII
			n = validVectors(&p[0], len(p))
			if n == len(p) && p[n-1] < 0x80 {
				return n, true
			}
		}
		return u.checkVectors(p, n)
	}
	state := uint64(u.state)
	for len(p)-n >= 16 {
		b := (*[16]byte)(p[n:])
		if state == utf8Accept && isASCII16(b) {
			n += 16
			// ASCII is usually followed by more ASCII.
			for len(p)-n >= 64 && isASCII64((*[64]byte)(p[n:])) {
				n += 64
			}
			continue
		}
		// Unrolled, because the loop's overhead would double the cost.
		next := utf8Rows[b[0]] >> (state & 63)
		next = utf8Rows[b[1]] >> (next & 63)
		next = utf8Rows[b[2]] >> (next & 63)
		next = utf8Rows[b[3]] >> (next & 63)
		next = utf8Rows[b[4]] >> (next & 63)
		next = utf8Rows[b[5]] >> (next & 63)
		next = utf8Rows[b[6]] >> (next & 63)
		next = utf8Rows[b[7]] >> (next & 63)
		next = utf8Rows[b[8]] >> (next & 63)
		next = utf8Rows[b[9]] >> (next & 63)
		next = utf8Rows[b[10]] >> (next & 63)
		next = utf8Rows[b[11]] >> (next & 63)
		next = utf8Rows[b[12]] >> (next & 63)
		next = utf8Rows[b[13]] >> (next & 63)
		next = utf8Rows[b[14]] >> (next & 63)
		next = utf8Rows[b[15]] >> (next & 63) & 63
		if next == utf8Reject {
			return u.checkBytes(p, n, state)
		}
		state = next
		n += 16
	}
	next := state
	for ; len(p)-n >= 4; n += 4 {
		b := (*[4]byte)(p[n:])
		next = utf8Rows[b[0]] >> (next & 63)
		next = utf8Rows[b[1]] >> (next & 63)
		next = utf8Rows[b[2]] >> (next & 63)
		next = utf8Rows[b[3]] >> (next & 63)
	}
	for ; n < len(p); n++ {
		next = utf8Rows[p[n]] >> (next & 63)
	}
	if next &= 63; next == utf8Reject {
		return u.checkBytes(p, len(p)&^15, state) // from the end of the loop for 16 bytes
	}
	u.state = uint8(next)
	return n, true
}

// checkPieces is Check for a long p. The scheduler can preempt it between pieces.
func (u *UTF8) checkPieces(p []byte) (n int, ok bool) {
	for ok = true; ok && n < len(p); {
		var good int
		good, ok = u.Check(p[n:min(n+maxVectors, len(p))])
		n += good
	}
	return n, ok
}

// minUTF8Vectors is the size, in bytes, from which vectors are faster. It cannot be smaller:
// validVectors reads the last 35 bytes, of which up to three may end a rune of the last piece.
const minUTF8Vectors = 35

// checkVectors is the rest of Check with vectors. The first n bytes are already checked, but
// their last rune may be incomplete. The automaton reads only the end of a rune of the last
// piece, a rune that is cut off at the end of p, and the block with an invalid byte.
func (u *UTF8) checkVectors(p []byte, n int) (int, bool) {
	if state := uint64(u.state); state != utf8Accept {
		for ; state != utf8Accept; n++ {
			state = utf8Rows[p[n]] >> (state & 63) & 63
			if state == utf8Reject {
				u.state = utf8Reject
				return n, false
			}
		}
		n += validVectors(&p[n], len(p)-n)
	}
	// If the last valid rune is incomplete, the automaton goes on at its first byte.
	switch {
	case n < 3: // at most the end of a rune from the last piece
	case p[n-1] >= 0xc0:
		n--
	case p[n-2] >= 0xe0:
		n -= 2
	case p[n-3] >= 0xf0:
		n -= 3
	}
	if n == len(p) {
		u.state = utf8Accept
		return n, true
	}
	return u.checkBytes(p, n, utf8Accept)
}

// checkBytes checks p from n on, one byte after the other.
func (u *UTF8) checkBytes(p []byte, n int, state uint64) (int, bool) {
	for ; n < len(p); n++ {
		next := utf8Rows[p[n]] >> (state & 63) & 63
		if next == utf8Reject {
			u.state = utf8Reject
			return n, false
		}
		state = next
	}
	u.state = uint8(state)
	return n, state != utf8Reject
}

// topBits has the top bit of each byte set. A byte is ASCII if its top bit is 0.
const topBits = 0x8080808080808080

func isASCII16(b *[16]byte) bool {
	return (binary.LittleEndian.Uint64(b[:])|binary.LittleEndian.Uint64(b[8:]))&topBits == 0
}

func isASCII64(b *[64]byte) bool {
	return (binary.LittleEndian.Uint64(b[0:])|binary.LittleEndian.Uint64(b[8:])|
		binary.LittleEndian.Uint64(b[16:])|binary.LittleEndian.Uint64(b[24:])|
		binary.LittleEndian.Uint64(b[32:])|binary.LittleEndian.Uint64(b[40:])|
		binary.LittleEndian.Uint64(b[48:])|binary.LittleEndian.Uint64(b[56:]))&topBits == 0
}

// Complete reports whether the text so far is valid UTF-8 that does not end within a rune.
func (u *UTF8) Complete() bool { return u.state == utf8Accept }

// Reset makes u ready for a new text.
func (u *UTF8) Reset() { u.state = utf8Accept }

// The states of the automaton, named after the bytes that must follow. A state is the
// amount by which a row is shifted right to move the next state to the low six bits. A step
// is thus a load, which does not wait for the previous step, and a shift.
const (
	utf8Accept = 6 * iota // any first byte
	utf8Last              // 80..BF
	utf8Two               // 80..BF, then utf8Last
	utf8Three             // 80..BF, then utf8Two
	utf8E0                // A0..BF, then utf8Last: shorter would be overlong
	utf8ED                // 80..9F, then utf8Last: more would be a surrogate
	utf8F0                // 90..BF, then utf8Two: shorter would be overlong
	utf8F4                // 80..8F, then utf8Two: more would be over U+10FFFF
	utf8Reject            // nothing is valid any more
)

// utf8Rows has, for each byte, the next state for every state.
var utf8Rows = makeUTF8Rows()

func makeUTF8Rows() (rows [256]uint64) {
	set := func(lo, hi int, from, to uint64) {
		for c := lo; c <= hi; c++ {
			rows[c] = rows[c]&^(63<<from) | to<<from
		}
	}
	for from := uint64(utf8Accept); from <= utf8Reject; from += 6 {
		set(0x00, 0xff, from, utf8Reject)
	}
	set(0x00, 0x7f, utf8Accept, utf8Accept)
	set(0xc2, 0xdf, utf8Accept, utf8Last)
	set(0xe0, 0xe0, utf8Accept, utf8E0)
	set(0xe1, 0xef, utf8Accept, utf8Two)
	set(0xed, 0xed, utf8Accept, utf8ED)
	set(0xf0, 0xf0, utf8Accept, utf8F0)
	set(0xf1, 0xf3, utf8Accept, utf8Three)
	set(0xf4, 0xf4, utf8Accept, utf8F4)
	set(0x80, 0xbf, utf8Last, utf8Accept)
	set(0x80, 0xbf, utf8Two, utf8Last)
	set(0x80, 0xbf, utf8Three, utf8Two)
	set(0xa0, 0xbf, utf8E0, utf8Last)
	set(0x80, 0x9f, utf8ED, utf8Last)
	set(0x90, 0xbf, utf8F0, utf8Two)
	set(0x80, 0x8f, utf8F4, utf8Two)
	return rows
}
