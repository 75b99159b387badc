package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/hawser-ws/hawser/wire"
)

// Limits of a stream, in bytes.
const (
	// maxPlain and maxDeflated limit a stream. Compressed streams are shorter because
	// groups 12 and 13 have many, which differ in their data more than in what a parser
	// sees.
	maxPlain    = 1536
	maxDeflated = 192

	// An uncompressed payload of more than maxPayload bytes is reduced to its first
	// 2*keepEnds and its last keepEnds bytes. One with a 64-bit length is cut off, and
	// the stream with it, so that the header stays unchanged.
	maxPayload = 256
	keepEnds   = 64

	// maxAlike is the number of equal frames in a row that are kept.
	maxAlike = 4
)

// fixedKey, from RFC 6455, section 5.7, replaces random masking keys.
var fixedKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// canonical converts a stream of frames to the form of the corpus. An incomplete frame at the
// end stays unchanged.
func canonical(raw []byte, deflated bool) []byte {
	cutOff := len(raw) > maxRecord/2
	limit := maxPlain
	if deflated {
		limit = maxDeflated
	}
	var out, last []byte
	for alike := 0; len(raw) > 0 && len(out) < limit; {
		f, n := take(raw)
		if raw = raw[n:]; !f.whole && cutOff && f.length < 1<<16 {
			return out // the rest of the frame was not recorded
		}
		one, ends := f.short(deflated, limit-len(out))
		if ends {
			return append(out, one...)
		}
		if alike++; !bytes.Equal(one, last) {
			alike = 1
		}
		if last = one; alike <= maxAlike {
			out = append(out, one...)
		}
	}
	return out
}

// A frame is a frame as its header describes it. It may be invalid: a decoder would refuse
// many of these.
type frame struct {
	head    []byte // the header without the masking key
	key     []byte // 4 bytes, or fewer at the end of the stream; nil if not masked
	payload []byte // unmasked; shorter than length at the end of the stream
	length  uint64 // from the header
	whole   bool   // the payload is complete
}

// take parses the first frame of b and returns the number of its bytes.
func take(b []byte) (f frame, n int) {
	size := 2
	if len(b) > 1 {
		f.length = uint64(b[1] & 0x7f)
		size += map[uint64]int{126: 2, 127: 8}[f.length]
	}
	if len(b) < size {
		return frame{head: b}, len(b)
	}
	f.head = b[:size]
	switch size {
	case 4:
		f.length = uint64(binary.BigEndian.Uint16(b[2:]))
	case 10:
		f.length = binary.BigEndian.Uint64(b[2:])
	}
	rest := b[size:]
	if b[1]&0x80 != 0 {
		f.key = rest[:min(4, len(rest))]
		if rest = rest[len(f.key):]; len(f.key) < 4 {
			return f, len(b)
		}
	}
	f.payload = bytes.Clone(rest[:min(f.length, uint64(len(rest)))])
	f.whole = uint64(len(f.payload)) == f.length
	if f.key != nil {
		wire.Mask(f.payload, [4]byte(f.key), 0)
	}
	return f, len(b) - len(rest) + len(f.payload)
}

// short returns the frame in the form of the corpus, in at most about room bytes, and
// reports whether the stream ends with it.
func (f *frame) short(deflated bool, room int) (b []byte, ends bool) {
	cut := deflated && len(f.payload) > room ||
		(f.length > 1<<16-1 || !f.whole) && len(f.payload) > maxPayload
	switch {
	case cut:
		f.payload = f.payload[:min(room, maxPayload)]
	case f.whole && !deflated && f.length > maxPayload:
		f.payload = withoutMiddle(f.payload)
		f.head = relength(f.head, len(f.payload))
	}
	b = append(b, f.head...)
	if f.key == nil {
		return append(b, f.payload...), cut || !f.whole
	}
	key := fixedKey
	if !bytes.ContainsFunc(f.key, func(r rune) bool { return r != 0 }) {
		key = [4]byte{} // a case tests the key of zeros
	}
	b = append(b, key[:len(f.key)]...)
	b = append(b, f.payload...)
	wire.Mask(b[len(b)-len(f.payload):], key, 0)
	return b, cut || !f.whole
}

// withoutMiddle shortens a payload. Valid text stays valid, even if a character spans two
// frames, because both cuts are made before the first byte of a character.
func withoutMiddle(p []byte) []byte {
	inside := func(i int) bool { return p[i]&0xc0 == 0x80 }
	head, tail := 2*keepEnds, len(p)-keepEnds
	for n := 0; n < 4 && inside(head); n++ {
		head++
	}
	for n := 0; n < 4 && inside(tail); n++ {
		tail++
	}
	return append(p[:head:head], p[tail:]...)
}

// relength replaces the length in a header and keeps the number of its bytes.
func relength(head []byte, n int) []byte {
	head = bytes.Clone(head)
	switch len(head) {
	case 4:
		binary.BigEndian.PutUint16(head[2:], uint16(n))
	case 10:
		binary.BigEndian.PutUint64(head[2:], uint64(n))
	}
	return head
}

// refused returns the offset at which a decoder stops reading a stream: after the byte that
// it refuses, after the close frame, or at the end. If bytes or frames are sent one by one,
// the number of bytes that follow depends on timing.
func refused(raw []byte, reader wire.Role, deflated bool) int {
	d := wire.Decoder{Role: reader, MaxMessage: -1}
	if deflated {
		d.RSV = wire.RSV1
	}
	for rest := bytes.Clone(raw); len(rest) > 0; {
		_, n, err := d.Next(rest)
		var e *wire.Error
		switch {
		case errors.As(err, &e):
			return min(int(e.Offset)+1, len(raw))
		case err != nil:
			return int(d.Offset())
		}
		rest = rest[n:]
	}
	return len(raw)
}

// withoutAnswer removes a close frame without a reason at the end of a stream, if a decoder
// refuses the stream before it. That frame answers our close frame, and whether it is recorded
// depends on timing.
func withoutAnswer(raw []byte, reader wire.Role, deflated bool) []byte {
	answer := raw[max(0, len(raw)-8):] // from a client: header, key and code
	if reader == wire.Client {
		answer = raw[max(0, len(raw)-4):]
	}
	f, n := take(answer)
	begins := len(raw) - len(answer)
	if f.whole && n == len(answer) && f.head[0] == 0x88 && f.length == 2 &&
		refused(raw, reader, deflated) <= begins {
		return raw[:begins]
	}
	return raw
}
