// Package payload generates five kinds of data to compress. Each has the size, and about the
// compressibility, of the file of its kind that the Autobahn test suite sends in groups 12 and
// 13. No data is stored or copied. Each function returns the same bytes on every call and on
// every machine.
//
// With compress/flate at level 6, the data shrinks to about
//
//	JSON     4.3 %   indented objects that resemble each other
//	HTML     5.5 %   a long table with a few characters beyond ASCII
//	Prose     39 %   verses in a language similar to German
//	PDF       76 %   pages of text between pictures of noise
//	Bitmap    85 %   a soft picture with the grain of a photograph
//
// Each call generates the data again, in 1 to 20 ms. The caller owns it.
package payload

import "strings"

// A dice is a SplitMix64 generator. It is used instead of math/rand, whose methods may change
// their sequences.
type dice uint64

func (d *dice) next() uint64 {
	*d += 0x9e3779b97f4a7c15
	z := uint64(*d)
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return z ^ z>>31
}

// below returns a number from 0 to n-1.
func (d *dice) below(n int) int { return int(d.next() >> 33 * uint64(n) >> 31) }

// one returns a random word.
func (d *dice) one(words []string) string { return words[d.below(len(words))] }

// filled returns head, filler and tail, with the filler repeated and cut to make size bytes.
func filled(head, filler, tail string, size int) []byte {
	n := size - len(head) - len(tail)
	if n < 0 {
		panic("BUG: payload: no room left")
	}
	b := make([]byte, 0, size)
	b = append(b, head...)
	b = append(b, strings.Repeat(filler, n/len(filler)+1)[:n]...)
	return append(b, tail...)
}
