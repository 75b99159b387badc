package wire

import (
	"encoding/binary"
	"io"
)

const (
	// MaxHeaderSize is the size of the largest frame header, in bytes: two bytes, a
	// 64-bit length and a masking key.
	MaxHeaderSize = 14

	// MaxControlPayload is the size of the largest payload of a control frame, in
	// bytes (RFC 6455, section 5.5).
	MaxControlPayload = 125
)

// The reserved bits, with the values that they have in [Header.RSV] (RFC 6455, section
// 5.2).
const (
	RSV1 byte = 1 << 2 // in permessage-deflate, a compressed message (RFC 7692, section 6)
	RSV2 byte = 1 << 1
	RSV3 byte = 1 << 0
)

const (
	finBit     = 0x80
	maskBit    = 0x80
	length16   = 126 // the length follows in 16 bits
	length64   = 127 // the length follows in 64 bits
	lengthBits = 0x7f
)

// A Header is the part of a frame before its payload (RFC 6455, section 5.2). Pass it by
// value.
type Header struct {
	Fin    bool    // the last fragment of its message; true for every control frame
	RSV    byte    // the reserved bits that are set: RSV1, RSV2 and RSV3 or'ed together
	Opcode Opcode  // four bits
	Masked bool    // the payload is masked with Key
	Key    [4]byte // masking key; zero unless Masked
	Length int64   // size of the payload in bytes, 0 to 2^63-1
}

// Size returns how many bytes [AppendHeader] appends for h: 2 to [MaxHeaderSize].
func (h Header) Size() int {
	n := 2
	switch {
	case h.Length > 0xffff:
		n += 8
	case h.Length >= length16:
		n += 2
	}
	if h.Masked {
		n += 4
	}
	return n
}

// ConsumeHeader parses the frame header at the start of b and returns it with its size in
// bytes. It checks only that the length has a top bit of 0 and the shortest form (RFC 6455,
// section 5.2). [Decoder] checks all rules.
//
// If b ends within the header, the error is [io.ErrUnexpectedEOF]. Any other error is an
// [*Error]. With an error, n is 0.
func ConsumeHeader(b []byte) (h Header, n int, err error) {
	if len(b) < 2 {
		return Header{}, 0, io.ErrUnexpectedEOF
	}
	n = headerSize(b[1])
	if len(b) < n {
		// The length may be complete and invalid although the masking key is missing.
		if end := lengthEnd(b[1]); len(b) >= end {
			if v := checkLength(b[1], parseLength(b)); v != 0 {
				return Header{}, 0, &Error{Violation: v, Offset: int64(end) - 1}
			}
		}
		return Header{}, 0, io.ErrUnexpectedEOF
	}
	length := parseLength(b)
	if v := checkLength(b[1], length); v != 0 {
		return Header{}, 0, &Error{Violation: v, Offset: int64(lengthEnd(b[1])) - 1}
	}
	h.parse(b)
	return h, n, nil
}

// headerSize returns the size of a header whose second byte is b1.
func headerSize(b1 byte) int {
	n := lengthEnd(b1)
	if b1&maskBit != 0 {
		n += 4
	}
	return n
}

// lengthEnd returns the offset at which the length ends in a header whose second byte is b1.
func lengthEnd(b1 byte) int {
	switch b1 & lengthBits {
	case length64:
		return 10
	case length16:
		return 4
	}
	return 2
}

// parseLength parses the length of a header of which at least lengthEnd bytes are in b.
func parseLength(b []byte) uint64 {
	switch l := b[1] & lengthBits; l {
	case length64:
		return binary.BigEndian.Uint64(b[2:10])
	case length16:
		return uint64(binary.BigEndian.Uint16(b[2:4]))
	default:
		return uint64(l)
	}
}

// checkLength returns the rule that length breaks in the form that b1 announces, or 0.
func checkLength(b1 byte, length uint64) Violation {
	switch form := b1 & lengthBits; {
	case form < length16:
		return 0
	case length>>63 != 0:
		return ErrLengthTopBit
	case form == length64 && length <= 0xffff, length < length16:
		return ErrLengthNotMinimal
	}
	return 0
}

// parse parses the whole header at the start of b, whose length has passed checkLength.
func (h *Header) parse(b []byte) {
	b0, b1 := b[0], b[1]
	h.Fin = b0&finBit != 0
	h.RSV = b0 >> 4 & 0x7
	h.Opcode = Opcode(b0 & 0xf)
	h.Masked = b1&maskBit != 0
	h.Length = int64(parseLength(b))
	if h.Masked {
		h.Key = [4]byte(b[lengthEnd(b1):])
	} else {
		h.Key = [4]byte{}
	}
}

// AppendHeader appends h to dst in its shortest form. It writes the low three bits of RSV,
// the low four bits of Opcode, and Key only if Masked is set. It checks no rule: use an
// [Encoder] for that. It panics if h.Length is negative.
func AppendHeader(dst []byte, h Header) []byte {
	if h.Length < 0 {
		panic("wire: negative frame length")
	}
	b0 := h.RSV&0x7<<4 | byte(h.Opcode)&0xf
	if h.Fin {
		b0 |= finBit
	}
	var b1 byte
	if h.Masked {
		b1 = maskBit
	}
	switch {
	case h.Length < length16:
		dst = append(dst, b0, b1|byte(h.Length))
	case h.Length <= 0xffff:
		dst = append(dst, b0, b1|length16, byte(h.Length>>8), byte(h.Length))
	default:
		dst = append(dst, b0, b1|length64)
		dst = binary.BigEndian.AppendUint64(dst, uint64(h.Length))
	}
	if h.Masked {
		dst = append(dst, h.Key[:]...)
	}
	return dst
}
