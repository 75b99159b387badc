package wire

import (
	"encoding/binary"
	"math/bits"
)

// Mask masks or unmasks b in place (RFC 6455, section 5.3). It is its own inverse. offset
// is the position of b[0] within the frame's payload, in bytes. A payload can therefore be
// masked in pieces:
//
//	wire.Mask(payload[:n], key, 0)
//	wire.Mask(payload[n:], key, int64(n))
//
// Each frame needs a new masking key from a strong source of entropy (section 10.3). This
// package does not make keys.
func Mask(b []byte, key [4]byte, offset int64) {
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(offset&3))
	if k == 0 {
		return
	}
	if len(b) >= minMaskVectors && useVectors {
		for len(b) >= 2*maxVectors { // a multiple of the key's size
			Mask(b[:maxVectors], key, offset)
			b = b[maxVectors:]
		}
		maskVectors(&b[0], len(b), k)
		return
	}
	word := uint64(k)<<32 | uint64(k)
	for len(b) >= 64 {
		p := (*[64]byte)(b) // one bounds check for eight words
		xorWord(p[0:8], word)
		xorWord(p[8:16], word)
		xorWord(p[16:24], word)
		xorWord(p[24:32], word)
		xorWord(p[32:40], word)
		xorWord(p[40:48], word)
		xorWord(p[48:56], word)
		xorWord(p[56:64], word)
		b = b[64:]
	}
	if len(b) >= 32 {
		p := (*[32]byte)(b)
		xorWord(p[0:8], word)
		xorWord(p[8:16], word)
		xorWord(p[16:24], word)
		xorWord(p[24:32], word)
		b = b[32:]
	}
	// Most frames are small, so the last bytes matter. The last words may overlap the first
	// ones. They are read before the first ones are written.
	end := bits.RotateLeft64(word, -8*(len(b)&3))
	switch n := len(b); {
	case n < 4:
		for i := range b {
			b[i] ^= byte(word)
			word >>= 8
		}
	case n < 8:
		last := binary.LittleEndian.Uint32(b[n-4:]) ^ uint32(end)
		binary.LittleEndian.PutUint32(b, binary.LittleEndian.Uint32(b)^k)
		binary.LittleEndian.PutUint32(b[n-4:], last)
	case n <= 16:
		last := binary.LittleEndian.Uint64(b[n-8:]) ^ end
		xorWord(b, word)
		binary.LittleEndian.PutUint64(b[n-8:], last)
	default:
		tail := (*[16]byte)(b[n-16:])
		last0 := binary.LittleEndian.Uint64(tail[0:]) ^ end
		last1 := binary.LittleEndian.Uint64(tail[8:]) ^ end
		xorWord(b[0:8], word)
		xorWord(b[8:16], word)
		binary.LittleEndian.PutUint64(tail[0:], last0)
		binary.LittleEndian.PutUint64(tail[8:], last1)
	}
}

// minMaskVectors is the size, in bytes, from which vectors are faster.
const minMaskVectors = 33

// maxVectors is the size, in bytes, of the pieces into which a long slice is divided. Assembly
// cannot be preempted, so the garbage collector would have to wait for it. One call processes
// less than two pieces. Each further piece is another call of Mask or Check, at which the
// scheduler can preempt the goroutine.
const maxVectors = 64 << 10

// xorWord uses little-endian order on every machine, so that byte i of p is combined with
// byte i of the key.
func xorWord(p []byte, word uint64) {
	binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^word)
}
