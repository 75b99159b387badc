// Package reading feeds a stream to a wire.Decoder in pieces and compares the result with
// the model. After every call it checks what Next, Offset, Remaining and InFrame promise.
package reading

import (
	"bytes"
	"fmt"
	"io"
	"math"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/wire"
)

// Config returns a decoder whose settings are the bits of a number. They select the role, the
// reserved bits, limits that are wire's defaults, off, or small, and whether text is validated.
func Config(bits uint32) wire.Decoder {
	d := wire.Decoder{
		Role:     wire.Role(bits & 1),
		RSV:      byte(bits >> 1 & 7),
		FrameRSV: byte(bits >> 4 & 7),

		AllowInvalidUTF8: bits>>29&1 != 0,
	}
	switch bits >> 7 & 3 {
	case 1:
		d.MaxFrame, d.MaxMessage, d.MaxEmptyFragments, d.MaxControls = -1, -1, -1, -1
	case 2:
		d.MaxMessage = 1 + int64(bits>>9&0x1ff)
		d.MaxControls = 1 + int(bits>>20&7)
	case 3:
		d.MaxFrame = 1 + int64(bits>>9&0xff)
		d.MaxMessage = 1 + int64(bits>>12&0xfff)
		d.MaxEmptyFragments = 1 + int(bits>>24&3)
		d.MaxControls = 1 + int(bits>>26&7)
	}
	return d
}

// Model returns the configuration of the model for d, as the documentation of wire.Decoder
// describes it.
func Model(d *wire.Decoder) model.Config {
	limit := func(n, zero int64) int64 {
		if n == 0 {
			return zero
		}
		return n
	}
	return model.Config{
		Server: d.Role == wire.Server, RSV: d.RSV, FrameRSV: d.FrameRSV,
		MaxFrame:          limit(d.MaxFrame, -1),
		MaxMessage:        limit(d.MaxMessage, 1<<20),
		MaxEmptyFragments: limit(int64(d.MaxEmptyFragments), 1024),
		MaxControls:       limit(int64(d.MaxControls), 1000),
		AnyText:           d.AllowInvalidUTF8,
	}
}

// Chop returns the sizes of the pieces of a stream of n bytes. They are the bytes of
// chops, repeated. Some may be 0. Without chops there is one piece.
func Chop(n int, chops []byte) (sizes []int) {
	empty := 0
	for i := 0; n > 0; i++ {
		size := n
		if len(chops) > 0 {
			size = min(int(chops[i%len(chops)]), n)
		}
		if size == 0 {
			if empty++; empty > 3 {
				size, empty = 1, 0
			}
		} else {
			empty = 0
		}
		sizes = append(sizes, size)
		n -= size
	}
	return sizes
}

// A Frame is a frame with its pieces joined.
type Frame struct {
	Header  wire.Header
	Kind    wire.Kind
	Payload []byte
}

func (f *Frame) whole() bool { return int64(len(f.Payload)) == f.Header.Length }

// A Reading is what a decoder returned for a stream.
type Reading struct {
	Frames []Frame
	Err    error
	Taken  int64

	d       *wire.Decoder
	open    bool // the last of Frames is not whole
	patient bool
	raw     []byte // consumed bytes of the frame that is not whole
}

// Read feeds stream to d in pieces of the given sizes. Each piece is a copy that is
// overwritten afterwards, which reveals a decoder that uses earlier input again. The error
// says which promise d broke.
func Read(d *wire.Decoder, stream []byte, sizes []int) (*Reading, error) {
	r := &Reading{d: d}
	return r, r.read(stream, sizes)
}

// ReadPatiently is like Read, byte by byte, but calls ResetControls before each byte, so
// that there are never too many control frames.
func ReadPatiently(d *wire.Decoder, stream []byte) (*Reading, error) {
	r := &Reading{d: d, patient: true}
	return r, r.read(stream, Chop(len(stream), []byte{1}))
}

func (r *Reading) read(stream []byte, sizes []int) error {
	for _, size := range sizes {
		piece := bytes.Clone(stream[:size])
		if r.patient {
			r.d.ResetControls()
		}
		if err := r.feed(piece, stream[:size]); err != nil {
			return err
		}
		for i := range piece {
			piece[i] = 0xa5
		}
		stream = stream[size:]
		if r.Err != nil {
			break
		}
	}
	return r.end()
}

// feed gives one piece to d. was is a copy of it.
func (r *Reading) feed(piece, was []byte) error {
	for {
		before := r.d.Offset()
		f, n, err := r.d.Next(piece)
		if n < 0 || n > len(piece) {
			return fmt.Errorf("d.Next consumed %d of %d bytes", n, len(piece))
		}
		if !bytes.Equal(piece[n:], was[n:]) {
			return fmt.Errorf("d.Next at byte %d changed bytes that it did not consume", before)
		}
		r.Taken += int64(n)
		if got := r.d.Offset(); got != before+int64(n) || got != r.Taken {
			return fmt.Errorf("d.Offset is %d after %d bytes", got, r.Taken)
		}
		if err := r.take(f, piece[:n], err); err != nil {
			return err
		}
		if err := r.count(was[:n], err); err != nil {
			return err
		}
		piece, was = piece[n:], was[n:]
		if r.Err = err; err != nil {
			return nil
		}
		if f.Kind == wire.KindNone && len(piece) > 0 {
			return fmt.Errorf("d.Next returned no frame and left %d bytes", len(piece))
		}
		if f.Kind != wire.KindNone && n == 0 {
			return fmt.Errorf("d.Next at byte %d returned a frame and consumed nothing", before)
		}
		if len(piece) == 0 {
			return nil
		}
	}
}

// take checks and keeps the piece f, which Next returned for the bytes b.
func (r *Reading) take(f wire.Frame, b []byte, err error) error {
	if f.Kind == wire.KindNone {
		if f.Payload != nil || f.Header != (wire.Header{}) || f.Offset != 0 || f.EndsFrame() ||
			f.EndsMessage() {
			return fmt.Errorf("a frame of KindNone is not empty: %+v", f)
		}
		return nil
	}
	control := f.Header.Opcode.IsControl()
	if !control && len(f.Payload) > 0 && err == nil && &f.Payload[len(f.Payload)-1] != &b[len(b)-1] {
		return fmt.Errorf("the payload of %+v is not a slice of the input", f.Header)
	}
	if !control && err == nil && cap(f.Payload) != len(f.Payload) {
		return fmt.Errorf("an append to the payload of %+v would overwrite the input", f.Header)
	}
	if !r.open {
		r.Frames = append(r.Frames, Frame{Header: f.Header, Kind: f.Kind})
	}
	last := &r.Frames[len(r.Frames)-1]
	if f.Header != last.Header || f.Kind != last.Kind || f.Offset != int64(len(last.Payload)) {
		return fmt.Errorf("the piece %+v does not continue %+v", f, *last)
	}
	last.Payload = append(last.Payload, f.Payload...)
	r.open = !last.whole()
	if f.EndsFrame() != last.whole() || f.EndsMessage() != (last.whole() && f.Header.Fin) {
		return fmt.Errorf("EndsFrame %v or EndsMessage %v is wrong for %+v",
			f.EndsFrame(), f.EndsMessage(), *last)
	}
	left := last.Header.Length - int64(len(last.Payload))
	if control && left != 0 {
		return fmt.Errorf("a control frame was returned in pieces: %+v", f)
	}
	if got := r.d.Remaining(); err == nil && got != left {
		return fmt.Errorf("d.Remaining is %d, want %d", got, left)
	}
	return nil
}

// count uses the model to find where frames begin and end, and checks InFrame. b are the
// bytes that Next consumed.
func (r *Reading) count(b []byte, err error) error {
	r.raw = append(r.raw, b...)
	h := model.ParseHead(r.raw)
	if err != nil || h.Whole && uint64(len(r.raw)-h.Size) == h.Length {
		r.raw = r.raw[:0]
	}
	if got := r.d.InFrame(); got != (len(r.raw) > 0) {
		return fmt.Errorf("d.InFrame is %v after byte %d, with %d bytes of a frame (error %v)",
			got, r.Taken, len(r.raw), err)
	}
	return nil
}

// end checks that an error is final, and that Next returns io.EOF after a close frame.
func (r *Reading) end() error {
	want := r.Err
	if n := len(r.Frames); n > 0 && want == nil && r.Frames[n-1].Header.Opcode == wire.OpClose {
		want = io.EOF
		r.Err = io.EOF
	}
	if want == nil {
		return nil
	}
	for _, b := range [][]byte{nil, {0x81}, {0x82, 0x80, 0, 0, 0, 0}} {
		if f, n, err := r.d.Next(bytes.Clone(b)); n != 0 || err != want || f.Kind != wire.KindNone {
			return fmt.Errorf("after the error: %+v, %d, %v, want %v", f, n, err, want)
		}
	}
	if got := r.d.Offset(); got != r.Taken {
		return fmt.Errorf("d.Offset is %d after the error, want %d", got, r.Taken)
	}
	return nil
}

// Same returns an error if two readings of a stream differ.
func Same(a, b *Reading) error {
	if err := sameFrames(a.Frames, b.Frames); err != nil {
		return err
	}
	return sameError(a.Err, b.Err)
}

func sameFrames(got, want []Frame) error {
	for i := range min(len(got), len(want)) {
		g, w := got[i], want[i]
		if g.Header != w.Header || g.Kind != w.Kind || !bytes.Equal(g.Payload, w.Payload) {
			return fmt.Errorf("frame %d is %+v, want %+v", i, g, w)
		}
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d frames, want %d", len(got), len(want))
	}
	return nil
}

func sameError(got, want error) error {
	g, ok := got.(*wire.Error)
	w, too := want.(*wire.Error)
	switch {
	case ok && too && *g == *w && g.Code() == w.Code():
	case !ok && !too && got == want:
	default:
		return fmt.Errorf("error %#v, want %#v", got, want)
	}
	return nil
}

// Violations maps the rules of the model to those of wire.
var Violations = map[model.Rule]wire.Violation{
	model.ReservedBits:     wire.ErrReservedBits,
	model.ReservedOpcode:   wire.ErrReservedOpcode,
	model.LengthTopBit:     wire.ErrLengthTopBit,
	model.LengthNotMinimal: wire.ErrLengthNotMinimal,
	model.Unmasked:         wire.ErrUnmasked,
	model.Masked:           wire.ErrMasked,
	model.ControlFragment:  wire.ErrControlFragmented,
	model.ControlTooLong:   wire.ErrControlTooLong,
	model.NothingToGoOn:    wire.ErrUnexpectedContinuation,
	model.MessageOpen:      wire.ErrUnfinishedMessage,
	model.CloseOneByte:     wire.ErrClosePayload,
	model.CloseCode:        wire.ErrCloseCode,
	model.AfterClose:       wire.ErrFrameAfterClose,
	model.NotUTF8:          wire.ErrInvalidUTF8,
	model.FrameTooBig:      wire.ErrFrameTooBig,
	model.MessageTooBig:    wire.ErrMessageTooBig,
	model.EmptyFragments:   wire.ErrEmptyFragments,
	model.ControlFlood:     wire.ErrControlFlood,
}

// Error returns the error that wire must return for a fault, or nil for none.
func Error(f *model.Fault) *wire.Error {
	if f == nil {
		return nil
	}
	v, ok := Violations[f.Rule]
	if !ok {
		panic("BUG: no violation for " + string(f.Rule))
	}
	return &wire.Error{Violation: v, Offset: f.At, Size: f.Size, Limit: f.Limit}
}

// Against returns an error if the reading differs from the model's.
func (r *Reading) Against(m *model.Result) error {
	want := make([]Frame, len(m.Frames))
	for i, f := range m.Frames {
		want[i] = Frame{Header: Header(f.Head), Kind: wire.Kind(f.Kind), Payload: f.Payload}
	}
	if err := sameFrames(r.Frames, want); err != nil {
		return err
	}
	if err := r.messages(m); err != nil {
		return err
	}
	if e := Error(m.Fault); e != nil {
		if code := m.Fault.Rule.Code(); int(e.Code()) != code {
			return fmt.Errorf("the code of %v is %d, want %d", e, e.Code(), code)
		}
		return sameError(r.Err, e)
	}
	if m.Closed {
		return sameError(r.Err, io.EOF)
	}
	return sameError(r.Err, nil)
}

// messages joins the frames of the reading to messages, as a user of a decoder would, and
// compares them with the model's.
func (r *Reading) messages(m *model.Result) error {
	var message []byte
	n := 0
	for _, f := range r.Frames {
		if f.Header.Opcode.IsControl() {
			continue
		}
		message = append(message, f.Payload...)
		if !f.whole() || !f.Header.Fin || n == len(m.Messages) {
			continue
		}
		if want := m.Messages[n]; wire.Kind(want.Opcode) != f.Kind || !bytes.Equal(message, want.Payload) {
			return fmt.Errorf("message %d is %v %q, want %v %q",
				n, f.Kind, message, want.Opcode, want.Payload)
		}
		message = message[:0]
		n++
	}
	if n != len(m.Messages) {
		return fmt.Errorf("%d messages, want %d", n, len(m.Messages))
	}
	return nil
}

// Header converts a header whose length wire accepts.
func Header(h model.Head) wire.Header {
	if h.Length > math.MaxInt64 {
		panic("BUG: the model accepted a length with its top bit set")
	}
	return wire.Header{
		Fin: h.Fin, RSV: h.RSV, Opcode: wire.Opcode(h.Opcode),
		Masked: h.Masked, Key: h.Key, Length: int64(h.Length),
	}
}
