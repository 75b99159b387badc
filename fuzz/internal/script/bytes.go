// Package script parses the bytes of a fuzz input as scripts: for both ends of a
// connection ([Conn]), and for a Conn that meets a hostile peer ([Peer]). Any bytes are a
// valid script, a missing byte is 0, and the cost of a script is limited. The String of a
// script has one step a line, so that a failure can be read. Seeds are written as scripts,
// and their Input methods return the bytes.
package script

import (
	"time"
)

// maxSize is the size of the largest message or frame of a script, in bytes. It reaches
// all three forms of a length.
const maxSize = 70_000

// maxData limits the bytes that a script sends in total. Messages beyond it are empty.
const maxData = 300_000

// An input is the rest of the bytes of a script.
type input struct {
	b    []byte
	data int // bytes that the script has sent so far
}

func (in *input) byte() byte {
	if len(in.b) == 0 {
		return 0
	}
	b := in.b[0]
	in.b = in.b[1:]
	return b
}

// bytes returns the next n bytes, or all that are left.
func (in *input) bytes(n int) []byte {
	n = min(n, len(in.b))
	b := in.b[:n:n]
	in.b = in.b[n:]
	return b
}

// pick returns the element of table that b selects.
func pick[T any](table []T, b byte) T { return table[int(b)%len(table)] }

// sizes are sizes at which something changes: the forms of a length, the limit of control
// frames, blocks of 16 KiB, the windows of compression.
var sizes = []int{
	0, 1, 2, 3, 7, 64, 124, 125, 126, 127, 128, 129, 255, 256, 257, 511, 513,
	4095, 4096, 4097, 9000, 16370, 16384 - 14, 16384 - 13, 16384, 16385, 32767, 32768, 33000,
	65535, 65536, maxSize,
}

// size reads a size of two bytes: an index of the table, or a shifted number.
func (in *input) size() int {
	a, b := in.byte(), in.byte()
	n := int(b) << (a & 7)
	if a&0x80 == 0 {
		n = pick(sizes, a)
	}
	if in.data+n > maxData {
		return 0
	}
	in.data += n
	return n
}

// delays are the times before a step begins. Many are 0.
var delays = []time.Duration{
	0, 0, 0, 0, 0, time.Millisecond, time.Millisecond, 2 * time.Millisecond,
	3 * time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond,
	50 * time.Millisecond, 200 * time.Millisecond, time.Second, 2 * time.Second,
}
