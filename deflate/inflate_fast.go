package deflate

import "encoding/binary"

// A round of manySymbols needs this much input and output, in bytes: it loads eight bytes,
// and writes a match of up to 258 bytes eight at a time.
const (
	roundIn  = 8
	roundOut = 258 + 8
)

// manySymbols is the fast path of symbols. It reads symbols as long as there is plenty of
// input and output, and stops before anything unusual, which it leaves to symbols.
func (f *inflater) manySymbols() {
	src, out, n := f.src, f.out[:min(cap(f.out), f.limit)], len(f.out)
	buf, have := f.bits, f.n
	literals, distances := f.literals, f.distance
	held, size := len(f.window.buf), f.window.size
	for len(src) >= roundIn && len(out)-n >= roundOut {
		buf |= binary.LittleEndian.Uint64(src) << have
		src = src[(63-have)>>3:]
		have |= 56
		e := literals.find(buf, literalBits)
		if e&isLiteral != 0 {
			for range 3 { // three codes have at most 45 bits
				out[n] = byte(e >> 16)
				n++
				buf >>= e.bits()
				have -= e.bits()
				if e = literals.find(buf, literalBits); e&isLiteral == 0 {
					break
				}
			}
			continue
		}
		if e&(isEnd|isBad) != 0 || e == 0 {
			break
		}
		used := e.bits() + e.extra()
		length := e.value() + int(buf>>e.bits()&(1<<e.extra()-1))
		d := distances.find(buf>>used, distanceBits)
		if d&isBad != 0 || d == 0 {
			break
		}
		used += d.bits()
		back := d.value() + int(buf>>used&(1<<d.extra()-1))
		start := n - f.kept - back
		if start < -held || back > size {
			break
		}
		used += d.extra()
		buf >>= used
		have -= used
		if start < 0 {
			k := f.window.copyTo(out[n:n+length], -start)
			if n, length = n+k, length-k; length == 0 {
				continue
			}
		}
		copyMatch(out, n, back, length)
		n += length
	}
	f.src, f.out = src, out[:n]
	f.bits, f.n = buf&(1<<have-1), have
}

// shortMatch is the length of the longest match, in bytes, that is copied eight bytes at a
// time. For such matches, calling copy takes longer.
const shortMatch = 32

// copyMatch copies length bytes within out, from back bytes before at to at. It may
// overwrite up to seven bytes after them.
func copyMatch(out []byte, at, back, length int) {
	n := 0 // bytes copied: a multiple of back, unless all are copied
	switch to, from := out[at:], out[at-back:]; {
	case back < 8:
		// The bytes repeat, so the next eight are known.
		known := 8 * uint(back)
		repeated := binary.LittleEndian.Uint64(from) & (1<<known - 1)
		for ; known < 64; known *= 2 {
			repeated |= repeated << known
		}
		for ; n < min(length, shortMatch); n += 8 - 8%back {
			binary.LittleEndian.PutUint64(to[n:], repeated)
		}
	case length <= shortMatch:
		for ; n < length; n += 8 {
			binary.LittleEndian.PutUint64(to[n:], binary.LittleEndian.Uint64(from[n:]))
		}
	}
	for n < length { // each round has more bytes to copy from
		n += copy(out[at+n:at+length], out[at-back:at+n])
	}
}
