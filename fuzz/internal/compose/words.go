package compose

import (
	"encoding/binary"
	"fmt"
)

// With returns a frame with a first byte and a payload.
func With(first byte, payload string) Frame {
	return Frame{First: first, Form: -1, Length: uint64(len(payload)), Payload: []byte(payload)}
}

// Text, Binary, Continuation, Ping and Pong return unmasked frames with FIN set.
func Text(payload string) Frame         { return With(0x81, payload) }
func Binary(payload string) Frame       { return With(0x82, payload) }
func Continuation(payload string) Frame { return With(0x80, payload) }
func Ping(payload string) Frame         { return With(0x89, payload) }
func Pong(payload string) Frame         { return With(0x8a, payload) }

// Close returns a close frame.
func Close(code uint16, reason string) Frame {
	return With(0x88, string(binary.BigEndian.AppendUint16(nil, code))+reason)
}

// NoFIN returns f with FIN cleared: a fragment, unless it is a control frame.
func (f Frame) NoFIN() Frame {
	f.First &^= 0x80
	return f
}

// Compressed returns f with RSV1 set.
func (f Frame) Compressed() Frame {
	f.First |= 0x40
	return f
}

// Mask returns f masked, with the key of the RFC's example (section 5.7).
func (f Frame) Mask() Frame {
	f.Masked, f.Key = true, [4]byte{0x37, 0xfa, 0x21, 0x3d}
	return f
}

// Filled returns f with a payload of n bytes of text.
func (f Frame) Filled(n int) Frame {
	f.Payload, f.Length = filler(n), uint64(n)
	return f
}

// Announcing returns f with a header that gives another length than that of its payload.
func (f Frame) Announcing(length uint64) Frame {
	f.Length = length
	return f
}

// InForm returns f with its length in 0, 2 or 8 extra bytes.
func (f Frame) InForm(form int) Frame {
	f.Form = form
	return f
}

// Misformed returns f as an entry of a script. The last two bits of its first byte select
// another form of its length, or wrong masking.
func (f Frame) Misformed() Frame {
	f.treatment = otherForm
	return f
}

// AsIs returns f as an entry of a script. Script does not adapt its first byte.
func (f Frame) AsIs() Frame {
	f.treatment = asIs
	return f
}

// Sizes returns a frame of each size that is not in the script.
func Sizes() (all []Frame) {
	for _, s := range sizes {
		all = append(all, Frame{}.Filled(int(s.deliver)).Announcing(max(s.deliver, s.announce)))
	}
	return all
}

// Input returns bytes that Script reads as entries, one for each frame.
func Input(entries ...Frame) (script []byte) {
	for _, f := range entries {
		n := len(f.Payload)
		if n < literal && f.Length == uint64(n) {
			script = append(append(script, f.First, f.treatment<<6|byte(n)), f.Payload...)
			continue
		}
		script = append(script, f.First, f.treatment<<6|f.sizeIndex())
	}
	return script
}

// sizeIndex returns the last six bits of the second byte of an entry.
func (f Frame) sizeIndex() byte {
	for i, s := range sizes {
		if s.deliver == uint64(len(f.Payload)) && max(s.deliver, s.announce) == f.Length {
			return literal + byte(i)
		}
	}
	panic(fmt.Sprintf("BUG: no script has a payload of %d bytes and the length %d", len(f.Payload), f.Length))
}
