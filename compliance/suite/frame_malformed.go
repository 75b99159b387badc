package suite

import (
	"crypto/rand"
	"encoding/binary"

	"github.com/hawser-ws/hawser/wire"
)

// A malformedFrame is a frame whose header need not be valid.
type malformedFrame struct {
	op      wire.Opcode
	more    bool
	form    int    // bits of the length: 7, 16, 64, or 0 for the shortest that fits
	length  uint64 // as the header announces it
	payload string
	mask    maskKind
}

type maskKind int

// whole returns the frame with the length that its payload has.
func (f malformedFrame) whole() malformedFrame { f.length = uint64(len(f.payload)); return f }

// malformed returns the encoded frame.
func (s *script) malformed(f malformedFrame) []byte {
	raw := []byte{byte(f.op), 0}
	if !f.more {
		raw[0] |= 0x80
	}
	switch {
	case f.form == 64 || f.form == 0 && f.length > 1<<16-1:
		raw[1] = 127
		raw = binary.BigEndian.AppendUint64(raw, f.length)
	case f.form == 16 || f.form == 0 && f.length > 125:
		raw[1] = 126
		raw = binary.BigEndian.AppendUint16(raw, uint16(f.length))
	default:
		raw[1] = byte(f.length)
	}
	if f.mask != maskZero && s.server != (f.mask == maskWrong) {
		return append(raw, f.payload...)
	}
	var key [4]byte
	if f.mask != maskZero {
		rand.Read(key[:])
	}
	raw[1] |= 0x80
	raw = append(append(raw, key[:]...), f.payload...)
	wire.Mask(raw[len(raw)-len(f.payload):], key, 0)
	return raw
}

// sendMalformed sends a frame and marks the n bytes from an offset on as those that the peer has to refuse.
func (s *script) sendMalformed(f malformedFrame, from, n int, what string) {
	s.write(s.malformed(f), tempo{})
	s.logFrame(frame{op: f.op, more: f.more, payload: []byte(f.payload)})
	s.cut, s.sentClose = f.length != uint64(len(f.payload)), f.op == wire.OpClose
	s.markSent(from, n, what)
}

const (
	maskRight maskKind = iota // as our role requires
	maskWrong                 // the opposite
	maskZero                  // with a key of zeros, whatever our role
)
