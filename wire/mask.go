package wire

import (
	"encoding/binary"
	"math/bits"
)

// Mask masks or unmasks b in place: it is its own inverse (RFC 6455, section
// 5.3). offset is the position of b[0] within the frame's payload, in bytes, so
// that a payload may be masked in pieces:
//
//	wire.Mask(payload[:n], key, 0)
//	wire.Mask(payload[n:], key, int64(n))
//
// A key must come from a strong source of entropy and be new for each frame
// (section 10.3); this package makes none.
func Mask(b []byte, key [4]byte, offset int64) {
	k := bits.RotateLeft32(binary.LittleEndian.Uint32(key[:]), -8*int(offset&3))
	if k == 0 {
		return
	}
	word := uint64(k)<<32 | uint64(k)
	for len(b) >= 64 {
		// One bounds check for eight words: the compiler drops the others.
		p := b[:64:64]
		binary.LittleEndian.PutUint64(p[0:8], binary.LittleEndian.Uint64(p[0:8])^word)
		binary.LittleEndian.PutUint64(p[8:16], binary.LittleEndian.Uint64(p[8:16])^word)
		binary.LittleEndian.PutUint64(p[16:24], binary.LittleEndian.Uint64(p[16:24])^word)
		binary.LittleEndian.PutUint64(p[24:32], binary.LittleEndian.Uint64(p[24:32])^word)
		binary.LittleEndian.PutUint64(p[32:40], binary.LittleEndian.Uint64(p[32:40])^word)
		binary.LittleEndian.PutUint64(p[40:48], binary.LittleEndian.Uint64(p[40:48])^word)
		binary.LittleEndian.PutUint64(p[48:56], binary.LittleEndian.Uint64(p[48:56])^word)
		binary.LittleEndian.PutUint64(p[56:64], binary.LittleEndian.Uint64(p[56:64])^word)
		b = b[64:]
	}
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^word)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= byte(k)
		k = bits.RotateLeft32(k, -8)
	}
}
