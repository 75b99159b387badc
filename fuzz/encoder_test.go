package fuzz

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/compose"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/wire"
)

// An encoding is an encoder, the bytes it has written, and the model that reads them.
type encoding struct {
	e      wire.Encoder
	sent   []byte
	reader model.Config
	closed bool // a close frame was sent
}

// FuzzEncoder encodes the frames of a script. For each frame, the model reads the stream so
// far and the frame, and says whether the frame may be sent. The encoder must write
// exactly the bytes of the frame, or refuse it and change nothing. At the end a decoder
// reads all that was sent.
func FuzzEncoder(f *testing.F) {
	for _, script := range encoderScripts() {
		for _, bits := range []uint32{0, 1, 4 << 1, 1 | 4<<4 | 3<<1} {
			f.Add(bits, script)
		}
	}
	f.Fuzz(func(t *testing.T, bits uint32, script []byte) {
		var c encoding
		c.e = wire.Encoder{Role: wire.Role(bits & 1), RSV: byte(bits >> 1 & 7), FrameRSV: byte(bits >> 4 & 7)}
		c.reader = model.Config{
			Server: c.e.Role == wire.Client, RSV: c.e.RSV, FrameRSV: c.e.FrameRSV,
			MaxFrame: -1, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1, AnyText: true,
		}
		for i, frame := range compose.Script(script, c.reader.Server, c.e.RSV, c.e.FrameRSV) {
			if len(c.sent) > maxSent {
				break
			}
			// The encoder uses the shortest length and masks as its role requires.
			frame.Form, frame.Masked = -1, c.reader.Server
			whole := uint64(len(frame.Payload)) == frame.Length
			if err := c.frame(frame, whole, i%2 == 0); err != nil {
				t.Fatalf("%+v after % x: %v", frame, c.sent, err)
			}
			if !whole {
				break // the rest of the payload is never sent
			}
		}
		c.decode(t)
	})
}

// encoderScripts returns scripts of package compose.
func encoderScripts() [][]byte {
	text, binary, more, ping := compose.Text, compose.Binary, compose.Continuation, compose.Ping
	unfit := func(firsts ...byte) (frames []compose.Frame) {
		for _, first := range firsts {
			frames = append(frames, compose.With(first, "a").AsIs())
		}
		return frames
	}
	return [][]byte{
		compose.Input(text("caf\u00e9").NoFIN(), ping("abc").NoFIN(), more("").NoFIN(), more("ok"),
			compose.Close(1000, "ok").NoFIN(), text("a")),
		compose.Input(binary("").NoFIN().Filled(125), more("").NoFIN().Filled(126), more("abcde")),
		compose.Input(text("").Filled(65536), text("").Filled(65535)),
		compose.Input(text("abc").Compressed(), text("a").Compressed().AsIs()),
		compose.Input(binary("").Announcing(1<<63-1), binary("").Announcing(1<<63),
			ping("").Filled(126), ping("").Filled(125), ping("").NoFIN().AsIs()),
		compose.Input(binary("").Announcing(1 << 63)),
		compose.Input(binary("").Announcing(1<<64 - 1)),
		compose.Input(ping("").Filled(125), ping("").Filled(126)),
		compose.Input(unfit(0x81, 0x80, 0x01, 0x01, 0x00, 0xe0, 0x83, 0x8b)...),
		compose.Input(compose.With(0x08, "a"), compose.Close(1005, "").NoFIN(),
			compose.Close(1000, "\xff").NoFIN(),
			compose.With(0x08, ""), compose.With(0x08, "")),
	}
}

// maxSent limits the bytes that are sent, because the model reads all of them again for
// each frame.
const maxSent = 1 << 14

// frame encodes one frame with AppendFrame, or with AppendHeader if the payload is not
// whole or is written in pieces.
func (c *encoding) frame(f compose.Frame, whole, inPieces bool) error {
	h := wire.Header{Fin: f.Fin(), RSV: f.RSV(), Opcode: wire.Opcode(f.Opcode()), Key: f.Key,
		Length: int64(f.Length)}
	payload := bytes.Clone(f.Payload)
	before := bytes.Clone(c.sent)
	open, closed := c.e.Open(), c.e.Closed()
	var err error
	if inPieces && h.Opcode != wire.OpClose || !whole {
		if c.sent, err = c.e.AppendHeader(c.sent, h); err == nil {
			start := len(c.sent)
			c.sent = append(c.sent, payload...)
			if f.Masked {
				model.Mask(c.sent[start:], f.Key, 0)
			}
		}
	} else {
		h.Length = 1 << 40 // AppendFrame sets it
		c.sent, err = c.e.AppendFrame(c.sent, h, payload)
	}
	if !bytes.Equal(payload, f.Payload) {
		return errors.New("the payload was changed")
	}
	faults := c.faults(f, before)
	if len(faults) == 0 {
		return c.accepted(f, before, err)
	}
	if !bytes.Equal(c.sent, before) || c.e.Open() != open || c.e.Closed() != closed {
		return errors.New("a refused frame changed the encoder or the stream")
	}
	var e *wire.Error
	if !errors.As(err, &e) || e.Offset != int64(len(before)) || e.Size != 0 || e.Limit != 0 ||
		!slices.ContainsFunc(faults,
			func(f model.Fault) bool { return reading.Violations[f.Rule] == e.Violation }) {
		return errors.New("the error is " + errorText(err) + ", want one of " + ruleText(faults))
	}
	return nil
}

// faults returns the faults that the model finds in sending f.
func (c *encoding) faults(f compose.Frame, before []byte) []model.Fault {
	if c.closed {
		return []model.Fault{{Rule: model.AfterClose}}
	}
	m := model.Decode(c.reader, f.Append(before[:len(before):len(before)]))
	return slices.DeleteFunc(m.All, tooBig)
}

// tooBig reports whether f is the one fault that an encoder does not check: a message of 2^63
// bytes or more, in frames each of which may be sent. Nobody can send such a message.
func tooBig(f model.Fault) bool { return f.Rule == model.MessageTooBig }

// accepted checks the encoder after a frame that may be sent.
func (c *encoding) accepted(f compose.Frame, before []byte, err error) error {
	if err != nil {
		return errors.New("refused: " + err.Error())
	}
	if want := f.Append(before); !bytes.Equal(c.sent, want) {
		return errors.New("the bytes differ from the frame")
	}
	if c.closed = f.Opcode() == 8; c.e.Closed() != c.closed {
		return errors.New("Closed returned the wrong result")
	}
	if f.Opcode() < 8 && c.e.Open() == f.Fin() {
		return errors.New("Open returned the wrong result")
	}
	return nil
}

// decode reads what was sent with the decoder of the other side. The only fault it may
// find is in text, which an encoder does not validate.
func (c *encoding) decode(t *testing.T) {
	d := wire.Decoder{
		Role: wire.Server, RSV: c.e.RSV, FrameRSV: c.e.FrameRSV,
		MaxFrame: -1, MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1,
	}
	if c.e.Role == wire.Server {
		d.Role = wire.Client
	}
	r, err := reading.Read(&d, c.sent, reading.Chop(len(c.sent), nil))
	if err != nil {
		t.Fatalf("% x: %v", c.sent, err)
	}
	strict := c.reader
	strict.AnyText = false
	m := model.Decode(strict, c.sent)
	if err := r.Against(&m); err != nil {
		t.Fatalf("% x: %v", c.sent, err)
	}
	if m.Fault != nil && m.Fault.Rule != model.NotUTF8 && !tooBig(*m.Fault) {
		t.Fatalf("% x: the encoder sent what the model refuses: %+v", c.sent, *m.Fault)
	}
}

func errorText(err error) string {
	if err == nil {
		return "nil"
	}
	return err.Error()
}

func ruleText(faults []model.Fault) (s string) {
	for _, f := range faults {
		s += "[" + string(f.Rule) + "]"
	}
	return s
}
