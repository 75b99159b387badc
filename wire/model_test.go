package wire_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

// A model is a naive Decoder that has the whole stream. It applies the rules of RFC 6455 one
// after the other, without regard to speed, and does not have to handle cuts.
type model struct {
	d        wire.Decoder // the configuration
	stream   []byte
	pos      int
	message  wire.Opcode
	text     []byte // of the message that is open
	size     uint64
	plain    bool
	empties  int
	controls int
	frames   []wiretest.Frame
	closed   bool
}

// fault returns the error for a rule that the byte at the offset at breaks.
func (m *model) fault(v wire.Violation, at int) error {
	return &wire.Error{Violation: v, Offset: int64(at)}
}

func (m *model) over(v wire.Violation, at int, size uint64, limit int) error {
	return &wire.Error{Violation: v, Offset: int64(at), Size: int64(size), Limit: int64(limit)}
}

// decode reads the stream to its end or its first violation.
func (m *model) decode() error {
	for !m.closed {
		more, err := m.frame()
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// frame reads a frame; more is false at the end of the stream.
func (m *model) frame() (more bool, err error) {
	b := m.stream[m.pos:]
	if len(b) < 1 {
		return false, nil
	}
	h := wire.Header{Fin: b[0] > 127, RSV: b[0] & 0x70 >> 4, Opcode: wire.Opcode(b[0] & 0x0f)}
	if err := m.first(h); err != nil || len(b) < 2 {
		return false, err
	}
	h.Masked = b[1] > 127
	control := h.Opcode >= 8
	switch {
	case m.d.Role == wire.Server && !h.Masked:
		return false, m.fault(wire.ErrUnmasked, m.pos+1)
	case m.d.Role == wire.Client && h.Masked:
		return false, m.fault(wire.ErrMasked, m.pos+1)
	case control && b[1]&127 > 125:
		return false, m.fault(wire.ErrControlTooLong, m.pos+1)
	}
	length, least, n := uint64(b[1]&127), uint64(0), 2
	switch {
	case length == 126 && len(b) >= 4:
		length, least, n = uint64(binary.BigEndian.Uint16(b[2:])), 126, 4
	case length == 127 && len(b) >= 10:
		length, least, n = binary.BigEndian.Uint64(b[2:]), 1<<16, 10
	case length > 125:
		return false, nil
	}
	if length > 1<<63-1 {
		return false, m.fault(wire.ErrLengthTopBit, m.pos+n-1)
	}
	if length < least {
		return false, m.fault(wire.ErrLengthNotMinimal, m.pos+n-1)
	}
	h.Length = int64(length)
	if err := m.limits(h, m.pos+n-1); err != nil {
		return false, err
	}
	if h.Masked {
		if len(b) < n+4 {
			return false, nil
		}
		n += copy(h.Key[:], b[n:n+4])
	}
	m.pos += n
	whole := uint64(len(b)-n) >= length
	payload := append([]byte(nil), b[n:n+int(min(length, uint64(len(b)-n)))]...)
	naiveMask(payload, h.Key, 0)
	if control {
		return whole, m.control(h, payload, whole)
	}
	return whole, m.data(h, payload, whole)
}

// first checks the first byte of a frame.
func (m *model) first(h wire.Header) error {
	for bit := byte(1); bit < 8; bit <<= 1 {
		if h.RSV&bit == 0 || h.Opcode < 3 && m.d.FrameRSV&bit != 0 {
			continue
		}
		if (h.Opcode == wire.OpText || h.Opcode == wire.OpBinary) && m.d.RSV&bit != 0 {
			continue
		}
		return m.fault(wire.ErrReservedBits, m.pos)
	}
	switch h.Opcode {
	case wire.OpContinuation:
		if m.message == 0 {
			return m.fault(wire.ErrUnexpectedContinuation, m.pos)
		}
	case wire.OpText, wire.OpBinary:
		if m.message != 0 {
			return m.fault(wire.ErrUnfinishedMessage, m.pos)
		}
	case wire.OpClose, wire.OpPing, wire.OpPong:
		if !h.Fin {
			return m.fault(wire.ErrControlFragmented, m.pos)
		}
	default:
		return m.fault(wire.ErrReservedOpcode, m.pos)
	}
	return nil
}

// limits checks the length of a frame, which ends at the offset at. All limits must be set.
func (m *model) limits(h wire.Header, at int) error {
	if h.Opcode >= 8 {
		if m.controls++; m.controls > m.d.MaxControls {
			return m.over(wire.ErrControlFlood, at, uint64(m.controls), m.d.MaxControls)
		}
		return nil
	}
	m.controls = 0
	if h.Length > m.d.MaxFrame {
		return m.over(wire.ErrFrameTooBig, at, uint64(h.Length), int(m.d.MaxFrame))
	}
	if h.Opcode != wire.OpContinuation {
		m.size, m.plain = 0, true
	}
	m.size += uint64(h.Length)
	m.plain = m.plain && h.RSV == 0
	if m.plain && m.size > uint64(m.d.MaxMessage) {
		return m.over(wire.ErrMessageTooBig, at, m.size, int(m.d.MaxMessage))
	}
	if h.Length > 0 || h.Fin {
		m.empties = 0
	} else if m.empties++; m.empties > m.d.MaxEmptyFragments {
		return m.over(wire.ErrEmptyFragments, at, uint64(m.empties), m.d.MaxEmptyFragments)
	}
	return nil
}

func (m *model) control(h wire.Header, payload []byte, whole bool) error {
	start := m.pos
	m.pos += len(payload)
	if !whole {
		return nil
	}
	if h.Opcode == wire.OpClose {
		m.closed = true
		if len(payload) == 1 {
			return m.fault(wire.ErrClosePayload, start)
		}
		if len(payload) > 1 {
			code := int(payload[0])<<8 + int(payload[1])
			if code < 1000 || code > 1003 && code < 1007 || code > 1014 && code < 3000 || code > 4999 {
				return m.fault(wire.ErrCloseCode, start+1)
			}
			if bad, complete := naiveText(payload[2:]); !complete {
				return m.fault(wire.ErrInvalidUTF8, start+2+bad)
			}
		}
	}
	m.frames = append(m.frames, wiretest.Frame{Header: h, Kind: wire.Kind(h.Opcode), Payload: payload})
	return nil
}

func (m *model) data(h wire.Header, payload []byte, whole bool) error {
	if h.Opcode != wire.OpContinuation {
		m.message, m.text = h.Opcode, nil
	}
	start := m.pos
	m.pos += len(payload)
	f := wiretest.Frame{Header: h, Kind: wire.Kind(m.message), Payload: payload}
	before := len(m.text)
	m.text = append(m.text, payload...)
	if m.message == wire.OpText && m.plain && !m.d.AllowInvalidUTF8 {
		bad, complete := naiveText(m.text)
		if bad < len(m.text) || whole && h.Fin && !complete {
			f.Payload = payload[:bad-before]
			m.frames = append(m.frames, f)
			return m.fault(wire.ErrInvalidUTF8, start+bad-before)
		}
	}
	if len(payload) > 0 || whole {
		m.frames = append(m.frames, f)
	}
	if whole && h.Fin {
		m.message = 0
	}
	return nil
}

// randomStream returns frames that are mostly valid, so that violations come late.
func randomStream(random *rand.Rand, d *wire.Decoder) (stream []byte) {
	open := false
	texts := []string{
		"", "a", "caf\u00e9", "\u20ac", "\xe2", "\x82\xac", "\xf0\x9f", "\x98\x80", "\xff", "abcdefgh\u00e9",
	}
	for range random.IntN(12) {
		h := wire.Header{Fin: random.IntN(2) == 0, Masked: d.Role == wire.Server}
		payload := texts[random.IntN(len(texts))]
		switch n := random.IntN(20); {
		case n < 4:
			h.Fin, h.Opcode = true, wire.OpPing+wire.Opcode(n&1)
		case n == 4:
			h.Fin, h.Opcode = true, wire.OpClose
			payload = string([]byte{byte(random.IntN(20)), byte(random.Uint32())}) + payload
			payload = payload[random.IntN(2):]
		case !open:
			h.Opcode = wire.OpText + wire.Opcode(n&1)
		}
		if !h.Opcode.IsControl() {
			open = !h.Fin
			if random.IntN(4) == 0 {
				h.RSV = byte(random.IntN(8)) & (d.RSV | d.FrameRSV)
			}
		}
		for i := range h.Key {
			h.Key[i] = byte(random.Uint32())
		}
		switch random.IntN(20) { // break some headers
		case 0:
			h.Opcode = wire.Opcode(random.IntN(16))
		case 1:
			h.RSV = byte(random.IntN(8))
		case 2:
			h.Masked = !h.Masked
		case 3:
			payload += string(make([]byte, random.IntN(200)))
		case 4:
			h.Fin = !h.Fin
		}
		h.Length = int64(len(payload))
		p := []byte(payload)
		if !h.Masked {
			h.Key = [4]byte{}
		}
		naiveMask(p, h.Key, 0)
		head := wire.AppendHeader(nil, h)
		if random.IntN(30) == 0 { // use a 64-bit length, perhaps with its top bit set
			length := uint64(h.Length) | uint64(random.IntN(2))<<63
			head = binary.BigEndian.AppendUint64([]byte{head[0], head[1] | 127}, length)
			if h.Masked {
				head = append(head, h.Key[:]...)
			}
		}
		if random.IntN(40) == 0 {
			head[min(len(head)-1, 1+random.IntN(9))] ^= 1 << random.IntN(8)
		}
		stream = append(append(stream, head...), p...)
	}
	return stream[:len(stream)-random.IntN(len(stream)/8+1)]
}

// The decoder agrees with the model on every stream, whole and cut.
func TestDecoderModel(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	faults := make(map[wire.Violation]int)
	fewBits := func() byte {
		b := random.IntN(8)
		return byte(b & random.IntN(8))
	}
	for range 40_000 {
		d := wire.Decoder{
			Role: wire.Role(random.IntN(2)), RSV: fewBits(), FrameRSV: fewBits(),
			MaxFrame: int64(1 + random.IntN(300)), MaxMessage: int64(1 + random.IntN(300)),
			MaxEmptyFragments: 1 + random.IntN(3), MaxControls: 1 + random.IntN(4),
			AllowInvalidUTF8: random.IntN(4) == 0,
		}
		stream := randomStream(random, &d)
		m := model{d: d, stream: stream}
		s := wiretest.Stream{Decoder: d, Bytes: stream}
		var e *wire.Error
		if err := m.decode(); errors.As(err, &e) {
			s.Violation, s.Offset, s.Size, s.Limit = e.Violation, e.Offset, e.Size, e.Limit
		}
		s.Frames, s.Closed = m.frames, m.closed && e == nil
		faults[s.Violation]++
		var cuts []int
		for at := 0; ; {
			if at += random.IntN(1 + random.IntN(20)); at > len(stream) {
				break
			}
			cuts = append(cuts, at)
		}
		for _, cuts := range [][]int{nil, cuts} {
			if err := decode(&s, cuts...); err != nil {
				t.Fatalf("seed %d: %+v\n% x\n%v", seed, d, stream, err)
			}
		}
	}
	t.Log(fmt.Sprint(faults))
	for v := wire.ErrReservedBits; v < wire.ErrFieldSyntax; v++ {
		if faults[v] == 0 && v != wire.ErrFrameAfterClose {
			t.Errorf("no stream had the violation %v", v)
		}
	}
	if faults[0] == 0 {
		t.Error("no stream was valid")
	}
}
