package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

var encoderTests = []struct {
	name   string
	config wire.Encoder
	frames []sent
}{
	{"messages", wire.Encoder{}, []sent{
		{finText, "Hello", 0},
		{opBin, "", 0},
		{opPing, "ping", 0},
		{opCont, "a", 0},
		{opPong, "", 0},
		{finCont, "b", 0},
		{finText, "", 0},
	}},
	{"continuation", wire.Encoder{}, []sent{
		{finCont, "", wire.ErrUnexpectedContinuation},
		{opCont, "", wire.ErrUnexpectedContinuation},
		{finText, "a", 0},
		{finCont, "", wire.ErrUnexpectedContinuation},
		{opText, "a", 0},
		{finCont, "", 0},
		{opCont, "", wire.ErrUnexpectedContinuation},
		{opPing, "", 0},
		{opCont, "", wire.ErrUnexpectedContinuation},
	}},
	{"interleaved", wire.Encoder{}, []sent{
		{opText, "a", 0},
		{finText, "b", wire.ErrUnfinishedMessage},
		{opBin, "b", wire.ErrUnfinishedMessage},
		{opPing, "", 0},
		{opText, "b", wire.ErrUnfinishedMessage},
		{finCont, "c", 0},
		{finText, "d", 0},
	}},
	{"reserved", wire.Encoder{}, []sent{
		{reserved(0x3, true), "", wire.ErrReservedOpcode},
		{reserved(0x7, false), "", wire.ErrReservedOpcode},
		{reserved(0xb, true), "", wire.ErrReservedOpcode},
		{reserved(0xf, false), "", wire.ErrReservedOpcode},
		{reserved(0x10, true), "", wire.ErrReservedOpcode},
		{reserved(0x81, true), "", wire.ErrReservedOpcode},
		{with(finText, wire.RSV1), "", wire.ErrReservedBits},
		{with(finText, wire.RSV2), "", wire.ErrReservedBits},
		{with(finText, wire.RSV3), "", wire.ErrReservedBits},
		{with(finText, 8), "", wire.ErrReservedBits},
	}},
	{"extension", wire.Encoder{RSV: wire.RSV1, FrameRSV: wire.RSV3}, []sent{
		{with(opPing, wire.RSV1), "", wire.ErrReservedBits},
		{with(opClose, wire.RSV3), "", wire.ErrReservedBits},
		{with(finText, wire.RSV2), "", wire.ErrReservedBits},
		{with(opText, wire.RSV1|wire.RSV3), "a", 0},
		{with(opCont, wire.RSV1), "a", wire.ErrReservedBits},
		{with(opCont, wire.RSV3), "a", 0},
		{with(finCont, 0), "a", 0},
		{with(finText, 0xff), "", wire.ErrReservedBits},
	}},
	{"control", wire.Encoder{}, []sent{
		{wire.Header{Opcode: wire.OpPing}, "", wire.ErrControlFragmented},
		{wire.Header{Opcode: wire.OpPong}, "", wire.ErrControlFragmented},
		{wire.Header{Opcode: wire.OpClose}, "", wire.ErrControlFragmented},
		{opPing, string(make([]byte, 126)), wire.ErrControlTooLong},
		{opClose, string(make([]byte, 126)), wire.ErrControlTooLong},
		{opPing, string(make([]byte, 125)), 0},
	}},
	{"close", wire.Encoder{}, []sent{
		{opClose, "\x03", wire.ErrClosePayload},
		{opClose, "\x03\xed", wire.ErrCloseCode},
		{opClose, "\x03\xe8\xff", wire.ErrInvalidUTF8},
		{opText, "a", 0},
		{opClose, "\x03\xe8bye", 0},
		{finCont, "b", wire.ErrFrameAfterClose},
		{opPing, "", wire.ErrFrameAfterClose},
		{opClose, "", wire.ErrFrameAfterClose},
		{reserved(3, true), "", wire.ErrFrameAfterClose},
	}},
	{"empty close", wire.Encoder{}, []sent{
		{opClose, "", 0},
		{finText, "", wire.ErrFrameAfterClose},
	}},
}

// Both methods accept or refuse each frame as the table says, for both roles. A refusal
// changes nothing.
func TestEncoder(t *testing.T) {
	for _, tt := range encoderTests {
		for _, role := range []wire.Role{wire.Server, wire.Client} {
			whole, heads := tt.config, tt.config
			whole.Role, heads.Role = role, role
			var out, want []byte
			for i, f := range tt.frames {
				f.h.Key = [4]byte{byte(i), 1, 2, 3}
				open, closed, before := whole.Open(), whole.Closed(), len(out)
				b, err := whole.AppendFrame(out, f.h, []byte(f.payload))
				if f.want == 0 {
					want = appendNaive(want, role, f.h, f.payload)
				} else {
					checkRefused(t, tt.name, i, err, f.want, len(want))
					if whole.Open() != open || whole.Closed() != closed {
						t.Errorf("%s: frame %d: refused, but the encoder's state changed", tt.name, i)
					}
				}
				if out = b; !bytes.Equal(out, want) {
					t.Fatalf("%s: frame %d: % x, %v, want % x", tt.name, i, out[before:], err, want[before:])
				}
				f.h.Length = int64(len(f.payload))
				f.h.Masked = i%2 == 0 // ignored
				h, err := heads.AppendHeader([]byte("before"), f.h)
				switch {
				case f.want == 0:
					if string(h) != "before"+string(out[before:len(out)-len(f.payload)]) {
						t.Fatalf("%s: frame %d: header % x, %v", tt.name, i, h, err)
					}
				case f.want == wire.ErrClosePayload, f.want == wire.ErrCloseCode,
					f.want == wire.ErrInvalidUTF8:
					heads = whole // AppendHeader cannot check the payload
				default:
					checkRefused(t, tt.name, i, err, f.want, len(want))
					if string(h) != "before" {
						t.Errorf("%s: frame %d: refused, but dst changed to % x", tt.name, i, h)
					}
				}
			}
		}
	}
}

func checkRefused(t *testing.T, name string, i int, err error, want wire.Violation, offset int) {
	t.Helper()
	var e *wire.Error
	if !errors.As(err, &e) || *e != (wire.Error{Violation: want, Offset: int64(offset)}) {
		t.Fatalf("%s: frame %d: %v, want %v at byte %d", name, i, err, want, offset)
	}
}

func TestEncoderLength(t *testing.T) {
	var e wire.Encoder
	h := wire.Header{Fin: true, Opcode: wire.OpBinary, Length: -1}
	if b, err := e.AppendHeader(nil, h); !errors.Is(err, wire.ErrLengthTopBit) || len(b) != 0 {
		t.Errorf("negative length: % x, %v", b, err)
	}
	// AppendFrame takes the length from the payload.
	if b, err := e.AppendFrame(nil, h, []byte("abc")); string(b) != "\x82\x03abc" || err != nil {
		t.Errorf("%q, %v", b, err)
	}
}

// AppendFrame does not change the payload.
func TestEncoderPayloadUnchanged(t *testing.T) {
	e := wire.Encoder{Role: wire.Client}
	payload := []byte("the payload of the caller")
	h := finText
	h.Key = [4]byte{1, 2, 3, 4}
	if _, err := e.AppendFrame(nil, h, payload); err != nil {
		t.Fatal(err)
	}
	if string(payload) != "the payload of the caller" {
		t.Errorf("payload is now %q", payload)
	}
}

// A decoder of the other role accepts every frame that an encoder accepts, and refuses
// every frame that the encoder refuses, by the same rule.
func TestEncoderDecoder(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for round := range 3000 {
		e := wire.Encoder{
			Role: wire.Role(round & 1), RSV: byte(random.IntN(8)), FrameRSV: byte(random.IntN(8)),
		}
		var stream []byte
		var frames []sent
		for range random.IntN(20) {
			f := randomFrame(random)
			b, err := e.AppendFrame(stream, f.h, []byte(f.payload))
			if err == nil {
				stream = b
				frames = append(frames, f)
				continue
			}
			var want *wire.Error
			if !errors.As(err, &want) {
				t.Fatalf("seed %d: %v", seed, err)
			}
			var got *wire.Error
			_, err = decodeAll(&e, appendNaive(bytes.Clone(stream), e.Role, f.h, f.payload))
			if want.Violation == wire.ErrFrameAfterClose {
				if err != io.EOF {
					t.Fatalf("seed %d: after a close frame: %v, want io.EOF", seed, err)
				}
			} else if !errors.As(err, &got) || got.Violation != want.Violation {
				t.Fatalf("seed %d: %+v: encoder reports %v, decoder reports %v", seed, f.h, want.Violation,
					err)
			}
		}
		got, err := decodeAll(&e, stream)
		if err != nil && err != io.EOF {
			t.Fatalf("seed %d: % x: %v", seed, stream, err)
		}
		if len(got) != len(frames) {
			t.Fatalf("seed %d: sent %d frames, received %d", seed, len(frames), len(got))
		}
		for i, f := range frames {
			g := got[i]
			if g.h.Fin != f.h.Fin || g.h.RSV != f.h.RSV ||
				g.h.Opcode != f.h.Opcode || g.payload != f.payload {
				t.Fatalf("seed %d: sent %+v, received %+v", seed, f, g)
			}
		}
	}
}

// randomFrame returns a frame with an ASCII payload that may break any rule except those
// about sizes.
func randomFrame(random *rand.Rand) (f sent) {
	opcodes := []wire.Opcode{
		wire.OpText, wire.OpBinary, 0, 0, 0, wire.OpPing, wire.OpPong, wire.OpClose,
		wire.Opcode(random.IntN(16)),
	}
	f.h.Opcode = opcodes[random.IntN(len(opcodes))]
	f.h.Fin = f.h.Opcode.IsControl() && random.IntN(8) > 0 || random.IntN(3) == 0
	if random.IntN(2) == 0 {
		f.h.RSV = byte(random.IntN(8))
	}
	for i := range f.h.Key {
		f.h.Key[i] = byte(random.Uint32())
	}
	if f.h.Opcode == wire.OpClose {
		payloads := []string{"", "\x03", "\x03\xe8", "\x03\xecno", "\x0b\xb8yes", "\x03\xe8\xff"}
		f.payload = payloads[random.IntN(len(payloads))]
		return f
	}
	p := make([]byte, []int{0, 1, 5, 125, 126, 300}[random.IntN(6)])
	for i := range p {
		p[i] = 'a' + byte(i%26)
	}
	f.payload = string(p)
	return f
}
