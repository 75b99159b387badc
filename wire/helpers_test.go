package wire_test

import (
	"math/rand/v2"
	"strings"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// naiveMask is the algorithm as RFC 6455, section 5.3, describes it.
func naiveMask(b []byte, key [4]byte, offset int64) {
	for i := range b {
		b[i] ^= key[(int64(i)+offset)%4]
	}
}

// naiveText returns the index of the first byte of p that no valid text has at that
// position, or len(p), and whether p is valid text. For every prefix, it asks unicode/utf8
// whether it is valid text, or becomes so with up to three more bytes.
func naiveText(p []byte) (bad int, complete bool) {
	for i := range p {
		if !extendable(p[:i+1]) {
			return i, false
		}
	}
	return len(p), utf8.Valid(p)
}

// extensions complete runes: if any bytes complete a rune, one of these does.
var extensions = []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "\xa0\x80", "\x90\x80\x80"}

// extendable reports whether a valid text begins with p. The same must be true of p without
// its last byte.
func extendable(p []byte) bool {
	tail := p[max(0, len(p)-8):]
	for len(tail) < len(p) && len(tail) > 5 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	for _, e := range extensions {
		if utf8.Valid([]byte(string(tail) + e)) {
			return true
		}
	}
	return false
}

// samples returns texts of about size bytes, by kind.
func samples(size int) map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	mixed := func() string {
		var b strings.Builder
		for b.Len() < size {
			switch random.IntN(4) {
			case 0:
				b.WriteRune(rune(0x20 + random.IntN(0x5f)))
			case 1:
				b.WriteRune(rune(0x80 + random.IntN(0x780)))
			case 2:
				b.WriteRune(rune(0x800 + random.IntN(0xd000-0x800)))
			case 3:
				b.WriteRune(rune(0x10000 + random.IntN(0x100000)))
			}
		}
		return b.String()
	}
	fill := func(s string) []byte {
		b := []byte(strings.Repeat(s, size/len(s)+1))[:size]
		for !utf8.Valid(b) {
			b = b[:len(b)-1]
		}
		return b
	}
	return map[string][]byte{
		"ascii": fill("The quick brown fox jumps over the lazy dog. "),
		"mostlyascii": fill("A na\u00efve caf\u00e9 serves cr\u00e8me br\u00fbl\u00e9e for \u20ac5 " +
			"on its terrace, weather permitting. "),
		"2byte": fill("\u041f\u0440\u0438\u0432\u0435\u0442\u043c\u0438\u0440"),
		"3byte": fill("\u4f60\u597d\u4e16\u754c\u3053\u3093\u306b\u3061\u306f"),
		"4byte": fill("\U0001f600\U0001f680\U0001f30d\U0010ffff"),
		"mixed": fill(mixed()),
	}
}

// A sent is a frame to encode, and the rule that it breaks, or 0.
type sent struct {
	h       wire.Header
	payload string
	want    wire.Violation
}

var (
	finText = wire.Header{Fin: true, Opcode: wire.OpText}
	opText  = wire.Header{Opcode: wire.OpText}
	opBin   = wire.Header{Opcode: wire.OpBinary}
	opCont  = wire.Header{Opcode: wire.OpContinuation}
	finCont = wire.Header{Fin: true, Opcode: wire.OpContinuation}
	opPing  = wire.Header{Fin: true, Opcode: wire.OpPing}
	opPong  = wire.Header{Fin: true, Opcode: wire.OpPong}
	opClose = wire.Header{Fin: true, Opcode: wire.OpClose}
)

func with(h wire.Header, rsv byte) wire.Header {
	h.RSV = rsv
	return h
}

func reserved(op wire.Opcode, fin bool) wire.Header { return wire.Header{Fin: fin, Opcode: op} }

// appendNaive appends the frame that a sender of role sends.
func appendNaive(dst []byte, role wire.Role, h wire.Header, payload string) []byte {
	h.Masked, h.Length = role == wire.Client, int64(len(payload))
	dst = wire.AppendHeader(dst, h)
	p := []byte(payload)
	if h.Masked {
		naiveMask(p, h.Key, 0)
	}
	return append(dst, p...)
}

// decodeAll decodes what e sent, as the other role and without limits.
func decodeAll(e *wire.Encoder, stream []byte) (frames []sent, err error) {
	d := wire.Decoder{
		Role: 1 - e.Role, RSV: e.RSV, FrameRSV: e.FrameRSV,
		MaxMessage: -1, MaxEmptyFragments: -1, MaxControls: -1,
	}
	for len(stream) > 0 {
		f, n, err := d.Next(stream)
		if err != nil {
			return frames, err
		}
		stream = stream[n:]
		frames = append(frames, sent{h: f.Header, payload: string(f.Payload)})
	}
	return frames, nil
}

// offer returns an ExtensionSpec. params are names and values in turn.
func offer(name string, params ...string) wire.ExtensionSpec {
	o := wire.ExtensionSpec{Name: name}
	for i := 0; i < len(params); i += 2 {
		o.Params = append(o.Params, wire.Param{Name: params[i], Value: params[i+1]})
	}
	return o
}

// pingFor returns an empty ping to be received by role.
func pingFor(role wire.Role) []byte {
	return wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: wire.OpPing, Masked: role == wire.Server})
}
