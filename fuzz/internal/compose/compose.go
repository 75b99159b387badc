// Package compose writes streams of WebSocket frames. Script makes frames from the bytes of a
// fuzzer, and adapts most of them to their place in the stream: raw bytes usually break a rule
// with the first frame, whereas a script reaches the tenth. Seeds are written with the
// constructors of frames.
//
// It does not use package wire to write frames.
package compose

import "encoding/binary"

// A Frame is a frame, valid or not.
type Frame struct {
	First   byte // FIN, RSV and opcode
	Masked  bool
	Key     [4]byte // used if Masked
	Form    int     // bytes of extended length: 0, 2 or 8; -1 for the fewest
	Length  uint64  // in the header
	Payload []byte  // unmasked

	treatment byte // how Script treats the frame: 0, otherForm or asIs
}

// Fin, RSV and Opcode return the parts of First.
func (f Frame) Fin() bool    { return f.First >= 0x80 }
func (f Frame) RSV() byte    { return f.First >> 4 & 7 }
func (f Frame) Opcode() byte { return f.First & 15 }

// Append appends the frame's bytes.
func (f Frame) Append(b []byte) []byte {
	second := byte(0)
	if f.Masked {
		second = 0x80
	}
	form := f.Form
	switch {
	case form >= 0:
	case f.Length < 126:
		form = 0
	case f.Length < 65536:
		form = 2
	default:
		form = 8
	}
	switch form {
	case 0:
		b = append(b, f.First, second|byte(f.Length)&127)
	case 2:
		b = binary.BigEndian.AppendUint16(append(b, f.First, second|126), uint16(f.Length))
	case 8:
		b = binary.BigEndian.AppendUint64(append(b, f.First, second|127), f.Length)
	}
	if !f.Masked {
		return append(b, f.Payload...)
	}
	b = append(b, f.Key[:]...)
	for i, c := range f.Payload {
		b = append(b, c^f.Key[i%4])
	}
	return b
}

// Stream returns the bytes of frames.
func Stream(frames ...Frame) (b []byte) {
	for _, f := range frames {
		b = f.Append(b)
	}
	return b
}

// maxFrames is the maximum number of frames of a script.
const maxFrames = 48

// The second byte of an entry: its top two bits say how the first byte is treated, and
// the others select the payload.
const (
	otherForm = 2 // the length has another form, or the masking is wrong
	asIs      = 3 // the first byte is not made to fit

	amount  = 1<<6 - 1
	literal = 48 // smaller amounts are numbers of bytes in the script; others are 48 plus an index of sizes
)

// sizes are the sizes of payloads that are not in the script. Some are around the limits of
// the forms of a length. Others are announced, but not or only partly delivered.
var sizes = [...]struct{ deliver, announce uint64 }{
	{124, 0}, {125, 0}, {126, 0}, {127, 0}, {200, 0}, {65535, 0}, {65536, 0}, {300, 0},
	{0, 1}, {3, 1 << 16}, {1, 1 << 32}, {0, 1<<63 - 1}, {2, 1 << 62}, {0, 1 << 63}, {0, 1<<64 - 1},
	{1, 65535},
}

// Script returns the frames of a script, whose entries have two bytes and a payload. If
// server is set, a server reads the stream, so the frames are masked. rsv and frameRSV
// are the allowed bits, as in wire.Decoder.
func Script(script []byte, server bool, rsv, frameRSV byte) (frames []Frame) {
	open, big := false, false
	for len(script) >= 2 && len(frames) < maxFrames {
		first, second := script[0], script[1]
		script = script[2:]
		if second>>6 != asIs {
			first = fit(first, open, rsv, frameRSV)
		}
		f := Frame{First: first, Masked: server, Form: -1}
		f.Key = [4]byte{byte(len(script)) * 7, first, second, byte(len(frames))}
		n := int(second & amount)
		if n < literal {
			n = min(n, len(script))
			f.Payload, script = script[:n:n], script[n:]
			f.Length = uint64(n)
		} else {
			s := sizes[n-literal]
			if s.deliver > 1000 && big {
				s.deliver = 1000 // one is enough
			}
			big = big || s.deliver > 1000
			f.Payload = filler(int(s.deliver))
			f.Length = max(s.deliver, s.announce)
		}
		if second>>6 == otherForm {
			switch first & 3 {
			case 0:
				f.Form = 2
			case 1:
				f.Masked = !f.Masked
			case 2:
				f.Form = 8
			case 3:
				f.Form = 0
			}
		}
		frames = append(frames, f)
		if f.Opcode() < 8 {
			open = !f.Fin()
		}
	}
	return frames
}

// fit turns a first byte into one that is valid in its place.
func fit(first byte, open bool, rsv, frameRSV byte) byte {
	switch {
	case first&15 == 8:
		return 0x88
	case first&8 != 0:
		return 0x8a - first&1 // odd is a ping
	case open:
		return first & (0x80 | frameRSV<<4)
	}
	return first&(0x80|(rsv|frameRSV)<<4) | (2 - first&1) // odd is text
}

// filler returns n bytes of text with characters of one to four bytes.
func filler(n int) []byte {
	const text = "a\u00e9\u20ac\U0001f600 and more of it."
	p := make([]byte, 0, n+len(text))
	for len(p) < n {
		p = append(p, text...)
	}
	return p[:n]
}
