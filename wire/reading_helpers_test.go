package wire_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

// A reading feeds a stream to a decoder in chunks and joins the pieces of payload. After
// every call of Next it checks the documented behavior.
type reading struct {
	d       wire.Decoder
	frames  []wiretest.Frame
	open    bool // the last of frames is incomplete
	taken   int64
	err     error
	errKind wire.Kind // Kind of the piece returned with err
	raw     []byte    // bytes taken of an incomplete frame
	fault   string    // the first documented behavior that Next did not show
}

func (r *reading) failf(format string, args ...any) {
	if r.fault == "" {
		r.fault = fmt.Sprintf(format, args...)
	}
}

// feed gives the decoder a copy of chunk and overwrites the copy afterwards, so that tests
// fail if the decoder refers to earlier input.
func (r *reading) feed(chunk []byte) {
	own := bytes.Clone(chunk)
	for b := own; r.err == nil; {
		before := r.d.Offset()
		f, n, err := r.d.Next(b)
		if n < 0 || n > len(b) {
			r.failf("Next took %d of %d bytes", n, len(b))
			return
		}
		b = b[n:]
		r.taken += int64(n)
		r.take(f, err)
		if got := r.d.Offset(); got != before+int64(n) || got != r.taken {
			r.failf("Offset is %d after %d bytes", got, r.taken)
		}
		r.count(own[len(own)-len(b)-n:len(own)-len(b)], err)
		if r.err, r.errKind = err, f.Kind; err != nil {
			return
		}
		if f.Kind == wire.KindNone {
			if len(b) != 0 {
				r.failf("no frame and %d bytes left", len(b))
			}
			break
		}
		if n == 0 {
			r.failf("Next returned a frame but took no bytes")
			return
		}
		if len(b) == 0 {
			break
		}
	}
	for i := range own {
		own[i] = 0xa5
	}
}

// count finds where frames begin and end from the headers alone, and checks InFrame.
func (r *reading) count(b []byte, err error) {
	r.raw = append(r.raw, b...)
	h, n, short := wire.ConsumeHeader(r.raw)
	if err != nil || short == nil && int64(len(r.raw)-n) == h.Length {
		r.raw = r.raw[:0]
	}
	if got := r.d.InFrame(); got != (len(r.raw) > 0) {
		r.failf("InFrame is %v after byte %d, with % x of a frame (error %v)", got, r.taken, r.raw, err)
	}
}

// take checks the piece f and adds it to r.frames.
func (r *reading) take(f wire.Frame, err error) {
	if f.Kind == wire.KindNone {
		if f.Payload != nil || f.EndsFrame() || f.EndsMessage() {
			r.failf("Kind is KindNone, but the frame is %+v", f)
		}
		return
	}
	if !r.open {
		r.frames = append(r.frames, wiretest.Frame{Header: f.Header, Kind: f.Kind})
	}
	last := &r.frames[len(r.frames)-1]
	if f.Header != last.Header || f.Kind != last.Kind || f.Offset != int64(len(last.Payload)) {
		r.failf("piece %+v does not continue %+v", f, *last)
	}
	last.Payload = append(last.Payload, f.Payload...)
	r.open = !last.Whole()
	left := last.Header.Length - int64(len(last.Payload))
	if err == nil && f.EndsFrame() != last.Whole() || f.EndsMessage() != (last.Whole() && last.Header.Fin) {
		r.failf("EndsFrame %v, EndsMessage %v of %+v", f.EndsFrame(), f.EndsMessage(), *last)
	}
	if f.Header.Opcode.IsControl() {
		left = 0
		if r.open {
			r.failf("control frame is incomplete: %+v", f)
		}
	}
	if got := r.d.Remaining(); err == nil && got != left {
		r.failf("Remaining is %d, want %d", got, left)
	}
}

// check compares the reading with the expectations of s.
func (r *reading) check(s *wiretest.Stream) error {
	if r.fault != "" {
		return errors.New(r.fault)
	}
	if len(r.frames) != len(s.Frames) {
		return fmt.Errorf("%d frames, want %d (error %v)", len(r.frames), len(s.Frames), r.err)
	}
	for i, f := range r.frames {
		want := s.Frames[i]
		if f.Header != want.Header || f.Kind != want.Kind || !bytes.Equal(f.Payload, want.Payload) {
			return fmt.Errorf("frame %d is %+v, want %+v", i, f, want)
		}
	}
	var e *wire.Error
	switch {
	case s.Closed:
		if _, n, err := r.d.Next([]byte{0x81}); n != 0 || err != io.EOF {
			return fmt.Errorf("after the close frame: %d, %v, want io.EOF", n, err)
		}
	case s.Violation == 0:
		if r.err != nil {
			return fmt.Errorf("error %v, want none", r.err)
		}
	case !errors.As(r.err, &e):
		return fmt.Errorf("error %v, want %v", r.err, s.Violation)
	case *e != wire.Error{Violation: s.Violation, Offset: s.Offset, Size: s.Size, Limit: s.Limit}:
		return fmt.Errorf("error %+v, want %v at %d, %d > %d", e, s.Violation, s.Offset, s.Size, s.Limit)
	default:
		if f, n, err := r.d.Next(nil); n != 0 || err != r.err || f.Kind != wire.KindNone {
			return fmt.Errorf("Next after the error: %+v, %d, %v", f, n, err)
		}
	}
	return nil
}

// decode reads s cut at the given offsets, which are in ascending order.
func decode(s *wiretest.Stream, cuts ...int) error {
	r := reading{d: s.Decoder}
	from := 0
	for _, to := range append(cuts, len(s.Bytes)) {
		if r.feed(s.Bytes[from:to]); r.err != nil {
			break
		}
		from = to
	}
	if err := r.check(s); err != nil {
		return fmt.Errorf("cut at %v: %w", cuts, err)
	}
	// A violation must be reported with its byte, before the masking key or the rest of
	// the frame arrives. Only a close frame is checked when it is whole.
	if s.Violation != 0 && int64(from) > s.Offset && !r.closing() {
		return fmt.Errorf("cut at %v: the violation at byte %d was reported only after byte %d",
			cuts, s.Offset, from)
	}
	return nil
}

// closing reports whether r failed at the payload of a close frame.
func (r *reading) closing() bool {
	return errors.Is(r.err, wire.ErrClosePayload) || errors.Is(r.err, wire.ErrCloseCode) ||
		errors.Is(r.err, wire.ErrInvalidUTF8) && r.errKind == wire.KindNone
}
