package wire

// An Encoder turns frames into the bytes to send. It holds, for what we send, the
// rules that [Decoder] holds for what we receive, except the limits. The zero
// value is ready to write as a server; set Role before the first call.
//
// Control frames may be sent between the fragments of a message. Nothing is sent
// after a close frame: RFC 6455, section 5.5.1, forbids data there, and a peer
// that follows it reads nothing more. An error leaves the state and dst as they
// were. An Encoder is not safe for concurrent use.
type Encoder struct {
	// Role is the side that writes. A client masks every frame with the Key of
	// its Header, which must be new and unpredictable each time (section 10.3);
	// a server masks none.
	Role Role

	// RSV and FrameRSV are the reserved bits that may be sent, as in Decoder.
	RSV, FrameRSV byte

	offset int64 // bytes of the stream so far, for errors
	open   bool  // a message awaits its continuation
	closed bool  // a close frame went out
}

// AppendHeader appends the header of a frame to dst; the caller then sends
// h.Length bytes of payload, masked with h.Key if it is a client. h.Masked is set
// from Role. An error is an [*Error] whose Offset counts the bytes that were to be
// sent before this frame, and leaves dst as it was. The payload of a close frame
// is not seen here: use [AppendClose].
func (e *Encoder) AppendHeader(dst []byte, h Header) ([]byte, error) {
	if v := e.check(h); v != 0 {
		return dst, &Error{Violation: v, Offset: e.offset}
	}
	return e.appendHeader(dst, h), nil
}

// AppendFrame appends a frame to dst: its header, with Length set from payload,
// and the payload, which it masks if it is a client's. payload is not changed and
// must not overlap the free capacity of dst. Text is not checked; the payload of
// a close frame is. An error is an [*Error], as with AppendHeader.
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

// Open reports whether a message has been begun and not yet ended.
func (e *Encoder) Open() bool { return e.open }

// Closed reports whether a close frame has been encoded.
func (e *Encoder) Closed() bool { return e.closed }

// appendHeader appends a header that check has passed, and takes note of it.
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

// check returns the rule that a frame with header h would break, or 0.
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
