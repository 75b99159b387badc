// Package payload makes data to compress: five kinds, each as large and about as
// compressible as the file of its kind that the Autobahn suite sends in groups 12
// and 13. Nothing of it is stored and nothing is quoted: small generators make it,
// the same octets each time and everywhere.
//
// With compress/flate at level 6, the whole of each shrinks to about
//
//	JSON     4.3 %   indented objects that resemble each other
//	HTML     5.5 %   a long table, with some characters beyond ASCII
//	Prose     39 %   verse in something like German
//	PDF       76 %   noisy pictures between pages of text
//	Bitmap    85 %   a soft picture with the grain of a photograph
//
// Each call makes the data afresh, in 1 to 20 ms, and the caller owns it.
package payload

import "strings"

// A dice is a source of numbers that follow from its seed alone: SplitMix64. It is
// our own because the methods of math/rand may change their sequences.
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

// one returns one of the words.
func (d *dice) one(words []string) string { return words[d.below(len(words))] }

// filled returns head, filler and tail, with as much of the filler, over and over,
// as makes size octets.
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
