package wire

import "io"

// The limits that a Decoder has when its fields are zero.
const (
	DefaultMaxMessage        = 1 << 20 // bytes
	DefaultMaxEmptyFragments = 1024    // frames
	DefaultMaxControls       = 1000    // frames
)

// A Decoder turns the bytes that a peer sends into frames. It holds every rule
// that RFC 6455 has for a stream of frames, and the limits below. It reads
// nothing itself: give it bytes as they come, cut anywhere, and it takes up where
// it left off.
//
//	for len(b) > 0 {
//		f, n, err := d.Next(b)
//		b = b[n:]
//		if err != nil {
//			return err // close the connection with (*Error).Code
//		}
//		switch f.Kind {
//		case wire.KindNone: // b is used up: read more
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
// The zero value is ready to read, as a server, what a client sends. Set the
// fields before the first Next; MaxFrame and MaxMessage may change between calls
// and then hold from the next frame header on. A Decoder must not be copied
// after its first use and is not safe for concurrent use.
type Decoder struct {
	// Role is the side that reads. A server wants every frame masked, a client
	// none (RFC 6455, section 5.1).
	Role Role

	// RSV holds the reserved bits that a negotiated extension sets on the first
	// frame of a message, FrameRSV those it may set on any data frame. Others
	// are refused (section 5.2). From the first frame that carries one, the rest
	// of the message is not judged as text nor against MaxMessage: what it
	// decodes to is for the caller to check.
	RSV, FrameRSV byte

	// AllowInvalidUTF8 passes text messages on without checking that they are
	// UTF-8. RFC 6455, section 8.1, then requires the caller to check the text
	// that it interprets. It is for a program that checks text elsewhere, or
	// relays messages without looking into them. The reason of a close frame is
	// checked all the same.
	AllowInvalidUTF8 bool

	// MaxFrame is the largest payload of a data frame in bytes. 0 means no
	// limit but MaxMessage's.
	MaxFrame int64

	// MaxMessage is the largest message in bytes, over all its frames: the one
	// frame header that would exceed it is refused, before any of its payload.
	// 0 means DefaultMaxMessage, negative no limit.
	MaxMessage int64

	// MaxEmptyFragments is how many frames in a row may continue a message
	// without a byte of payload and without ending it. 0 means
	// DefaultMaxEmptyFragments, negative no limit.
	MaxEmptyFragments int

	// MaxControls is how many control frames may come with no data frame
	// between them. 0 means DefaultMaxControls, negative no limit. A Decoder
	// has no clock: where a connection may idle for hours under pings, call
	// ResetControls from time to time.
	MaxControls int

	offset int64 // bytes of the stream before the b of this call
	err    error // final

	// The frame in progress.
	start   int64 // offset of its first byte
	head    [MaxHeaderSize]byte
	headLen uint8 // bytes gathered in head; 0 if the header came whole
	inFrame bool  // the header is known
	frame   Header
	pos     int64 // payload bytes of the frame delivered or gathered so far

	// The message in progress.
	message Opcode // OpText or OpBinary; 0 between messages
	plain   bool   // no extension bit so far: text and size are judged here
	size    int64
	text    UTF8

	empties  int
	controls int
	control  [MaxControlPayload]byte // a control payload that came in pieces
}

// A Frame is a frame, or the next piece of one, as [Decoder.Next] found it.
type Frame struct {
	// Header is the header as it was on the wire.
	Header Header

	// Kind says what Payload belongs to: a text or binary message, or a control
	// frame. It is KindNone if there is no frame.
	Kind Kind

	// Payload is the next piece of the frame's payload, unmasked. It is a slice
	// of the argument of Next, or of the Decoder, and valid until the next call.
	// A control frame comes in one piece.
	Payload []byte

	// Offset is where Payload begins within the payload of the frame, in bytes.
	Offset int64
}

// EndsFrame reports whether the frame ends with this piece.
func (f *Frame) EndsFrame() bool {
	return f.Kind != KindNone && f.Offset+int64(len(f.Payload)) == f.Header.Length
}

// EndsMessage reports whether a message, or a control frame, ends with this
// piece.
func (f *Frame) EndsMessage() bool { return f.Header.Fin && f.EndsFrame() }

// Next reads from b as far as the next frame or piece of a frame, and returns it
// with the number of bytes it took. Payload is unmasked in place: b is changed. If
// all of b is taken and makes no frame, f.Kind is KindNone. A data frame is delivered
// as far as it has come, in one or more pieces; each call takes at most one frame.
//
// An error is final and is an [*Error], with one exception: after a close frame
// it is [io.EOF], since nothing may follow one (RFC 6455, section 5.5.1). When
// text turns invalid, f is the piece before the first byte at fault. An error
// does not depend on how the stream was cut, though the n beside it may.
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
	rest = rest[:len(rest):len(rest)] // what follows is not Payload's to append over
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

// Remaining returns how many payload bytes of the current data frame are still to
// come, and 0 between frames and within a control frame. That many bytes, or
// fewer, may be read straight to where the message is gathered: Next takes them
// whole and leaves them, unmasked, where they are.
func (d *Decoder) Remaining() int64 {
	if !d.inFrame || d.frame.Opcode.IsControl() {
		return 0
	}
	return d.frame.Length - d.pos
}

// InFrame reports whether a frame has begun and has not ended: the bytes taken so
// far end within its header or its payload. It is false between the fragments of a
// message, after a close frame, and after an error. A data frame whose header is
// complete has [Decoder.Remaining] bytes to come. If InFrame is true and Remaining
// is 0, the header or a control frame is incomplete. A program whose read has timed
// out, or whose stream has ended, can tell this way whether it was cut off within a
// frame.
func (d *Decoder) InFrame() bool { return d.err == nil && (d.inFrame || d.headLen > 0) }

// Offset returns how many bytes of the stream have been taken.
func (d *Decoder) Offset() int64 { return d.offset }

// ResetControls begins the count for MaxControls anew.
func (d *Decoder) ResetControls() { d.controls = 0 }

// readHeader takes a header, or a part of one, from the start of b. Rules are
// checked in the order of the bytes they depend on, so that the verdict is the
// same for every cut.
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
		if int(d.headLen) == lengthEnd(d.head[1]) { // judged before the key has come
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

// checkFirst judges the first byte of a frame.
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

// checkSecond judges the second byte of a frame, once the first has passed.
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

// checkSizes judges the length in a header that holds all of it: its form, and
// what it would bring the frame, the message and the counts of floods to.
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

// beginFrame takes up the whole header at the start of head.
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

// readData takes the next piece of a data frame into f.
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

// readControl takes the next piece of a control frame and sets f once the frame
// is whole.
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

// violation is the error for byte i of the current header.
func (d *Decoder) violation(v Violation, i int) error {
	return &Error{Violation: v, Offset: d.start + int64(i)}
}

// overLimit is the error for a size that byte i of the current header completed.
func (d *Decoder) overLimit(v Violation, i int, size uint64, limit int64) error {
	return &Error{Violation: v, Offset: d.start + int64(i), Size: int64(min(size, 1<<63-1)), Limit: limit}
}
