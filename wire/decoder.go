package wire

import "io"

// How a Decoder works.
//
// The caller owns the bytes and the goroutine. The Decoder owns only its fields, in
// four groups: the stream (offset, err), the frame in progress (start to pos), the
// message in progress (message to text), and the counts that detect floods (empties,
// controls). It keeps no bytes of the caller between calls, except copies of two small
// things that may arrive in pieces: a header, in head, and a control payload, in
// control.
//
// The path of a call:
//
//	Next         returns d.err if the stream has ended; otherwise does one step
//	readHeader   reads a whole header from b, or gathers it byte by byte in head
//	checkFirst, checkSecond, checkSizes   check each byte as soon as it arrives
//	beginFrame   parses the header and updates the message and the counts
//	readData     unmasks a piece in place, checks its text, and returns it
//	readControl  gathers the payload and returns the frame once it is whole
//
// Invariants:
//
//   - Between calls the Decoder is in one of three places: before a header (!inFrame,
//     headLen 0), within one (!inFrame, headLen > 0; resumes in readHeader's loop), or
//     within a payload (inFrame; resumes at pos in readData or readControl).
//   - The result does not depend on where the stream was cut. Each rule is therefore
//     checked at the byte that decides it, in the order of the bytes, and an error has
//     that byte's offset.
//   - message, plain, size and text survive control frames. They change only in
//     beginFrame and readData.
//   - Only an *Error is allocated, and no length is used before checkSizes.
//
// The stream ends when d.err is set: to an *Error, or to io.EOF after a close frame.
// Every later Next returns that error and consumes nothing.

// The limits of a Decoder whose fields are zero.
const (
	DefaultMaxMessage        = 1 << 20 // bytes
	DefaultMaxEmptyFragments = 1024    // frames
	DefaultMaxControls       = 1000    // frames
)

// A Decoder turns the bytes that a peer sends into frames. It enforces every rule
// that RFC 6455 has for a stream of frames, and the limits in its fields. It does not
// read from a connection: call Next with the bytes as they arrive, cut anywhere, and it
// resumes where it stopped.
//
//	for len(b) > 0 {
//		f, n, err := d.Next(b)
//		b = b[n:]
//		if err != nil {
//			return err // close the connection with (*Error).Code
//		}
//		switch f.Kind {
//		case wire.KindNone: // all of b was consumed: read more
//		case wire.KindText, wire.KindBinary:
//			message = append(message, f.Payload...)
//			if f.EndsMessage() {
//				…
//			}
//		case wire.KindPing:
//			…
//		}
//	}
//
// The zero value is a server's Decoder, ready to read what a client sends. Set the
// fields before the first Next. MaxFrame and MaxMessage may also change between calls
// and then apply from the next frame header on. A Decoder must not be copied after its
// first use and is not safe for concurrent use.
type Decoder struct {
	// Role is the side that reads. A server requires every frame to be masked, and a
	// client requires every frame to be unmasked (RFC 6455, section 5.1).
	Role Role

	// RSV contains the reserved bits that a negotiated extension may set on the first
	// frame of a message, and FrameRSV those that it may set on any data frame. All
	// others are refused (section 5.2). Once a frame of a message has such a bit set,
	// the Decoder checks neither UTF-8 nor MaxMessage for the rest of that message: the
	// caller must check the output of the extension.
	RSV, FrameRSV byte

	// AllowInvalidUTF8 turns off the check that text messages are UTF-8. It is for
	// programs that check text elsewhere, or that relay messages without interpreting
	// them. RFC 6455, section 8.1, requires a program to check the text that it
	// interprets. The reason of a close frame is always checked.
	AllowInvalidUTF8 bool

	// MaxFrame is the largest size of the payload of a data frame, in bytes. 0 means
	// that only MaxMessage limits it.
	MaxFrame int64

	// MaxMessage is the largest size of a message, in bytes, summed over its frames.
	// A frame that would exceed it is refused at its header, before its payload. 0
	// means DefaultMaxMessage. A negative value means no limit.
	MaxMessage int64

	// MaxEmptyFragments is how many consecutive frames of a message may be empty
	// without ending the message. 0 means DefaultMaxEmptyFragments. A negative value
	// means no limit.
	MaxEmptyFragments int

	// MaxControls is how many control frames may arrive without a data frame between
	// them. 0 means DefaultMaxControls. A negative value means no limit. A Decoder has
	// no clock, so call ResetControls from time to time if a connection may receive
	// pings for hours and nothing else.
	MaxControls int

	offset int64 // bytes of the stream consumed so far
	err    error // final

	// The frame in progress.
	start   int64 // offset of its first byte
	head    [MaxHeaderSize]byte
	headLen uint8 // bytes gathered in head; 0 if the header arrived whole
	inFrame bool  // the header is known
	frame   Header
	pos     int64 // payload bytes of the frame delivered or gathered so far

	// The message in progress.
	message Opcode // OpText or OpBinary; 0 between messages
	plain   bool   // no extension bit so far: text and size are checked here
	text    UTF8
	size    int64

	empties  int
	controls int
	control  [MaxControlPayload]byte // a control payload that arrived in pieces
}

// A Frame is a frame, or the next piece of a data frame, returned by [Decoder.Next].
type Frame struct {
	// Header is the header of the frame as it was received.
	Header Header

	// Kind says whether Payload belongs to a text message, a binary message or a
	// control frame. It is KindNone if there is no frame.
	Kind Kind

	// Payload is the next piece of the frame's payload, unmasked. It is a slice
	// of the argument of Next, or of the Decoder, and valid until the next call.
	// The payload of a control frame is always whole.
	Payload []byte

	// Offset is the position of Payload within the payload of the frame, in bytes.
	Offset int64
}

// EndsFrame reports whether the frame ends with this piece.
func (f *Frame) EndsFrame() bool {
	return f.Kind != KindNone && f.Offset+int64(len(f.Payload)) == f.Header.Length
}

// EndsMessage reports whether a message, or a control frame, ends with this
// piece.
func (f *Frame) EndsMessage() bool { return f.Header.Fin && f.EndsFrame() }

// Next consumes bytes from the start of b until it has a frame or a piece of one. It
// returns that frame or piece and the number of bytes consumed. Each call consumes at
// most one frame. If all of b is consumed and there is no frame yet, f.Kind is KindNone.
// A data frame is returned in as many pieces as it arrives in. Payload is unmasked in
// place, which changes b.
//
// An error is final. It is an [*Error], except after a close frame, when it is
// [io.EOF] because nothing may follow a close frame (RFC 6455, section 5.5.1). If text
// is invalid, f is the piece that ends before the first invalid byte. The error does
// not depend on how the stream was cut, but the value of n returned with it may.
func (d *Decoder) Next(b []byte) (f Frame, n int, err error) {
	if d.err != nil {
		return f, 0, d.err
	}
	if !d.inFrame {
		n, err = d.readHeader(b)
		if err != nil || !d.inFrame {
			d.offset += int64(n)
			d.err = err
			return f, n, err
		}
	}
	rest := b[n:]
	if left := d.frame.Length - d.pos; int64(len(rest)) > left {
		rest = rest[:left]
	}
	rest = rest[:len(rest):len(rest)] // appending to Payload must not overwrite the next frame
	n += len(rest)
	d.offset += int64(n)
	if d.frame.Opcode.IsControl() {
		err = d.readControl(&f, rest)
	} else {
		err = d.readData(&f, rest)
	}
	if err != nil {
		d.err = err
	}
	return f, n, err
}

// Remaining returns how many payload bytes of the current data frame have not arrived
// yet. It returns 0 between frames and within a control frame. A caller may read up to
// that many bytes directly into the buffer of the message and call Next with them.
// Next consumes them all and unmasks them in place.
func (d *Decoder) Remaining() int64 {
	if !d.inFrame || d.frame.Opcode.IsControl() {
		return 0
	}
	return d.frame.Length - d.pos
}

// InFrame reports whether a frame has begun and has not ended: the bytes consumed so
// far end within its header or its payload. It is false between the fragments of a
// message, after a close frame, and after an error. After a timeout or the end of the
// stream, InFrame says whether a frame was cut off. If InFrame is true and
// [Decoder.Remaining] is 0, a header or a control frame is incomplete.
func (d *Decoder) InFrame() bool { return d.err == nil && (d.inFrame || d.headLen > 0) }

// Offset returns how many bytes of the stream have been consumed.
func (d *Decoder) Offset() int64 { return d.offset }

// ResetControls resets the count for MaxControls.
func (d *Decoder) ResetControls() { d.controls = 0 }

// readHeader reads a header, or a part of one, from the start of b. It checks rules in
// the order of the bytes that they depend on, so that every cut of the stream gives the
// same error.
func (d *Decoder) readHeader(b []byte) (n int, err error) {
	if d.headLen == 0 {
		d.start = d.offset
		if len(b) >= 2 && len(b) >= headerSize(b[1]) {
			if v := d.checkFirst(b[0]); v != 0 {
				return 0, d.violation(v, 0)
			}
			if v := d.checkSecond(b[0], b[1]); v != 0 {
				return 0, d.violation(v, 1)
			}
			return headerSize(b[1]), d.beginFrame(b)
		}
	}
	for n < len(b) {
		d.head[d.headLen] = b[n]
		d.headLen++
		n++
		switch d.headLen {
		case 1:
			if v := d.checkFirst(d.head[0]); v != 0 {
				return n, d.violation(v, 0)
			}
			continue // the size of the header is in its second byte
		case 2:
			if v := d.checkSecond(d.head[0], d.head[1]); v != 0 {
				return n, d.violation(v, 1)
			}
		}
		if int(d.headLen) == lengthEnd(d.head[1]) { // check it before the masking key arrives
			if err := d.checkSizes(d.head[:]); err != nil {
				return n, err
			}
		}
		if int(d.headLen) == headerSize(d.head[1]) {
			d.headLen = 0
			return n, d.beginFrame(d.head[:])
		}
	}
	return n, nil
}

// checkFirst checks the first byte of a frame.
func (d *Decoder) checkFirst(b0 byte) Violation {
	op := Opcode(b0 & 0xf)
	var allowed byte
	switch {
	case op == OpText || op == OpBinary:
		allowed = d.RSV | d.FrameRSV
	case op == OpContinuation:
		allowed = d.FrameRSV
	}
	switch {
	case b0>>4&0x7&^allowed != 0:
		return ErrReservedBits
	case !op.IsDefined():
		return ErrReservedOpcode
	case op.IsControl():
		if b0&finBit == 0 {
			return ErrControlFragmented
		}
	case op == OpContinuation && d.message == 0:
		return ErrUnexpectedContinuation
	case op != OpContinuation && d.message != 0:
		return ErrUnfinishedMessage
	}
	return 0
}

// checkSecond checks the second byte of a frame whose first byte is valid.
func (d *Decoder) checkSecond(b0, b1 byte) Violation {
	masked := b1&maskBit != 0
	switch {
	case d.Role == Server && !masked:
		return ErrUnmasked
	case d.Role == Client && masked:
		return ErrMasked
	case Opcode(b0&0xf).IsControl() && b1&lengthBits > MaxControlPayload:
		return ErrControlTooLong
	}
	return 0
}

// checkSizes checks the length in head, which must contain the header up to the end of the
// length: the form of the length, the limits on the frame and the message, and the counts
// that detect floods.
func (d *Decoder) checkSizes(head []byte) error {
	length := parseLength(head)
	end := lengthEnd(head[1]) - 1
	if v := checkLength(head[1], length); v != 0 {
		return d.violation(v, end)
	}
	op := Opcode(head[0] & 0xf)
	if op.IsControl() {
		if limit := limitOr(d.MaxControls, DefaultMaxControls); limit >= 0 && d.controls >= limit {
			return d.overLimit(ErrControlFlood, end, uint64(d.controls)+1, int64(limit))
		}
		return nil
	}
	if d.MaxFrame > 0 && length > uint64(d.MaxFrame) {
		return d.overLimit(ErrFrameTooBig, end, length, d.MaxFrame)
	}
	size, plain := uint64(d.size), d.plain && head[0]>>4&0x7 == 0
	if op != OpContinuation {
		size, plain = 0, head[0]>>4&0x7 == 0
	}
	// Two lengths below 2^63 cannot overflow 64 bits; the sum must stay below
	// 2^63 whatever the limit.
	size += length
	limit := d.MaxMessage
	if limit == 0 {
		limit = DefaultMaxMessage
	}
	if limit < 0 || !plain {
		limit = 1<<63 - 1
	}
	if size > uint64(limit) {
		return d.overLimit(ErrMessageTooBig, end, size, limit)
	}
	if length == 0 && head[0]&finBit == 0 {
		if limit := limitOr(d.MaxEmptyFragments, DefaultMaxEmptyFragments); limit >= 0 && d.empties >= limit {
			return d.overLimit(ErrEmptyFragments, end, uint64(d.empties)+1, int64(limit))
		}
	}
	return nil
}

func limitOr(limit, def int) int {
	if limit == 0 {
		return def
	}
	return limit
}

// beginFrame checks and parses the whole header at the start of head.
func (d *Decoder) beginFrame(head []byte) error {
	if err := d.checkSizes(head); err != nil {
		return err
	}
	h := &d.frame
	h.parse(head)
	d.pos, d.inFrame = 0, true
	if h.Opcode.IsControl() {
		d.controls++
		return nil
	}
	d.controls = 0
	if h.Length == 0 && !h.Fin {
		d.empties++
	} else {
		d.empties = 0
	}
	if h.Opcode != OpContinuation {
		d.message, d.plain, d.size = h.Opcode, true, 0
		d.text.Reset()
	}
	d.plain = d.plain && h.RSV == 0
	d.size += h.Length
	return nil
}

// readData processes p, the next piece of a data frame, and sets f to it.
func (d *Decoder) readData(f *Frame, p []byte) error {
	if len(p) == 0 && d.frame.Length > 0 {
		return nil
	}
	if d.frame.Masked {
		Mask(p, d.frame.Key, d.pos)
	}
	f.Header, f.Kind, f.Payload, f.Offset = d.frame, Kind(d.message), p, d.pos
	d.pos += int64(len(p))
	done := d.pos == d.frame.Length
	if done {
		d.inFrame = false
	}
	if d.message == OpText && d.plain && !d.AllowInvalidUTF8 {
		if n, ok := d.text.Check(p); !ok {
			f.Payload = p[:n]
			return &Error{Violation: ErrInvalidUTF8, Offset: d.offset - int64(len(p)-n)}
		}
		if done && d.frame.Fin && !d.text.Complete() {
			return &Error{Violation: ErrInvalidUTF8, Offset: d.offset}
		}
	}
	if done && d.frame.Fin {
		d.message = 0
	}
	return nil
}

// readControl processes p, the next piece of a control frame, and sets f when the frame is
// whole.
func (d *Decoder) readControl(f *Frame, p []byte) error {
	if int64(len(p)) < d.frame.Length {
		n := copy(d.control[d.pos:], p)
		d.pos += int64(n)
		if d.pos < d.frame.Length {
			return nil
		}
		p = d.control[:d.pos]
	}
	d.inFrame = false
	if d.frame.Masked {
		Mask(p, d.frame.Key, 0)
	}
	if d.frame.Opcode == OpClose {
		if _, _, err := ConsumeClose(p); err != nil {
			e := err.(*Error)
			e.Offset += d.offset - int64(len(p))
			return e
		}
		d.err = io.EOF
	}
	f.Header, f.Kind, f.Payload = d.frame, Kind(d.frame.Opcode), p
	return nil
}

// violation returns the error for byte i of the current header.
func (d *Decoder) violation(v Violation, i int) error {
	return &Error{Violation: v, Offset: d.start + int64(i)}
}

// overLimit returns the error for a size that byte i of the current header completes.
func (d *Decoder) overLimit(v Violation, i int, size uint64, limit int64) error {
	return &Error{Violation: v, Offset: d.start + int64(i), Size: int64(min(size, 1<<63-1)), Limit: limit}
}
