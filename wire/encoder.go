package wire

// An Encoder turns frames into the bytes to send. It enforces the rules that the peer's
// [Decoder] enforces, except for the limits and the check of text. The zero value is a
// server's Encoder. Set the fields before the first call.
//
// Control frames may be sent between the fragments of a message. An Encoder refuses every
// frame after a close frame: RFC 6455, section 5.5.1, forbids data there, and a peer that
// follows the RFC reads nothing more. An error changes neither the Encoder nor dst. An
// Encoder is not safe for concurrent use.
type Encoder struct {
	// Role is the side that writes. A client masks every frame with the Key of its
	// Header, which must be new and unpredictable for each frame (RFC 6455, section
	// 10.3). A server masks no frame.
	Role Role

	// RSV contains the reserved bits that may be set on the first frame of a message,
	// and FrameRSV those that may be set on any data frame. All others are refused.
	RSV, FrameRSV byte

	open   bool  // a message has begun and has not ended
	closed bool  // a close frame was encoded
	offset int64 // bytes of the stream so far, for errors
}

// AppendHeader appends the header of a frame to dst. The caller then sends h.Length bytes
// of payload, which a client masks with h.Key. h.Masked is ignored: Role decides. An error
// is an [*Error] whose Offset is the number of bytes encoded before this frame, payloads
// included. AppendHeader cannot check the payload of a close frame, so make that payload
// with [AppendClose].
func (e *Encoder) AppendHeader(dst []byte, h Header) ([]byte, error) {
	if v := e.check(h); v != 0 {
		return dst, &Error{Violation: v, Offset: e.offset}
	}
	return e.appendHeader(dst, h), nil
}

// AppendFrame appends a frame to dst: its header, with Length set from payload, and the
// payload, which it masks for a client. It does not change payload, which must not overlap
// the free capacity of dst. It checks the payload of a close frame, but it does not check
// text. An error is an [*Error], as with AppendHeader.
func (e *Encoder) AppendFrame(dst []byte, h Header, payload []byte) ([]byte, error) {
	h.Length = int64(len(payload))
	v := e.check(h)
	if v == 0 && h.Opcode == OpClose {
		if _, _, err := ConsumeClose(payload); err != nil {
			v = err.(*Error).Violation
		}
	}
	if v != 0 {
		return dst, &Error{Violation: v, Offset: e.offset}
	}
	dst = e.appendHeader(dst, h)
	start := len(dst)
	dst = append(dst, payload...)
	if e.Role == Client {
		Mask(dst[start:], h.Key, 0)
	}
	return dst, nil
}

// Open reports whether a message has begun and has not ended.
func (e *Encoder) Open() bool { return e.open }

// Closed reports whether a close frame has been encoded.
func (e *Encoder) Closed() bool { return e.closed }

// appendHeader appends a header that has passed check, and updates the state.
func (e *Encoder) appendHeader(dst []byte, h Header) []byte {
	h.Masked = e.Role == Client
	switch {
	case h.Opcode == OpClose:
		e.closed = true
	case !h.Opcode.IsControl():
		e.open = !h.Fin
	}
	e.offset += int64(h.Size()) + h.Length
	return AppendHeader(dst, h)
}

// check returns the rule that a frame with the header h would break, or 0.
func (e *Encoder) check(h Header) Violation {
	var allowed byte
	switch h.Opcode {
	case OpText, OpBinary:
		allowed = e.RSV | e.FrameRSV
	case OpContinuation:
		allowed = e.FrameRSV
	}
	switch {
	case e.closed:
		return ErrFrameAfterClose
	case h.RSV&^allowed != 0:
		return ErrReservedBits
	case !h.Opcode.IsDefined():
		return ErrReservedOpcode
	case h.Length < 0:
		return ErrLengthTopBit
	case h.Opcode.IsControl():
		if !h.Fin {
			return ErrControlFragmented
		}
		if h.Length > MaxControlPayload {
			return ErrControlTooLong
		}
	case h.Opcode == OpContinuation && !e.open:
		return ErrUnexpectedContinuation
	case h.Opcode != OpContinuation && e.open:
		return ErrUnfinishedMessage
	}
	return 0
}
