package corpus

import (
	"bytes"
	"encoding/binary"
	"errors"

	"github.com/hawser-ws/hawser/wire"
)

// The bounds of a stream, in octets.
const (
	// maxPlain and maxDeflated bound a stream. Those of groups 12 and 13 are many,
	// and differ in what is compressed more than in what a parser sees.
	maxPlain    = 1536
	maxDeflated = 192

	// A longer payload that is not compressed is shortened to its first and its last
	// octets. One whose length has 64 bits is cut off, and the stream with it, so
	// that its header stays as it is.
	maxPayload = 256
	keepEnds   = 64

	// maxAlike is how many equal frames in a row are kept.
	maxAlike = 4
)

// fixedKey masks all frames that a random key masked: the key of RFC 6455, section 5.7.
var fixedKey = [4]byte{0x37, 0xfa, 0x21, 0x3d}

// canonical returns a stream of frames as the corpus has it. What is no frame, such as
// the start of one, stays as it is.
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
			return out // we do not know what we did not record
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

// A frame is what the header at the start of some octets says it is, however wrong: a
// decoder would refuse many.
type frame struct {
	head    []byte // without the key
	key     []byte // of 4 octets, or less at the end of the stream; nil if there is none
	payload []byte // unmasked; as far as it is there
	length  uint64 // that is announced
	whole   bool
}

// take reads a frame and how many octets it has.
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

// short returns the frame as the corpus has it, at most about room octets, and whether
// the stream ends with it.
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
		key = [4]byte{} // which a case is about
	}
	b = append(b, key[:len(f.key)]...)
	b = append(b, f.payload...)
	wire.Mask(b[len(b)-len(f.payload):], key, 0)
	return b, cut || !f.whole
}

// withoutMiddle shortens a payload. Text that was valid stays so, even where a rune is
// spread over two frames: it is cut before a first octet of a rune, twice.
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

// relength sets the length in a header, in the form it has.
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

// refused returns where a stream ends for a decoder that reads it: behind the octet at
// which it is refused, or behind the close frame, or at its end. How much follows is a
// matter of time when octets or frames are sent one by one.
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

// withoutAnswer cuts off a close frame without a reason at the end of a stream that is
// refused before it: an answer to our close frame, which may come in time or too late.
func withoutAnswer(raw []byte, reader wire.Role, deflated bool) []byte {
	answer := raw[max(0, len(raw)-8):] // of a client: header, key and code
	if reader == wire.Client {
		answer = raw[max(0, len(raw)-4):]
	}
	f, n := take(answer)
	begins := len(raw) - len(answer)
	if f.whole && n == len(answer) && f.head[0] == 0x88 && f.length == 2 && refused(raw, reader, deflated) <= begins {
		return raw[:begins]
	}
	return raw
}
