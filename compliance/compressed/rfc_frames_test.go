package compressed

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// wantReservedBits checks that a Conn fails the connection on a stream with reserved bits.
func wantReservedBits(t *testing.T, name string, stream func(p *peer) []byte, before ...string) {
	wantFailure(t, failure{
		name: name, before: before, stream: stream,
		code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
	})
}

// "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
// non-first fragments of a data message. An endpoint receiving such a frame MUST
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
func TestRFCCompressedBitOfControls(t *testing.T) {
	for _, op := range []byte{ping, pong, closing} {
		for _, payload := range []string{"", "\x03\xe8", hello} {
			wantReservedBits(t, fmt.Sprintf("%#x/%q", op, payload),
				frames(frame(fin|rsv1|text, hello), frame(fin|rsv1|op, payload)), "Hello")
		}
		wantReservedBits(t, fmt.Sprintf("%#x/between fragments", op),
			frames(frame(rsv1|text, hello[:3]), frame(fin|rsv1|op, "")))
	}
}

// The same sentence, for "non-first fragments of a data message".
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
func TestRFCCompressedBitOfContinuations(t *testing.T) {
	for _, first := range []string{frame(rsv1|text, hello[:3]), frame(text, "Hel")} {
		for _, last := range []byte{0, fin} {
			wantReservedBits(t, fmt.Sprintf("%#x,%#x", first[0], last),
				frames(first, frame(rsv1|last|continuation, hello[3:])))
		}
	}
}

// "MUST be 0 unless an extension is negotiated that defines meanings for non-zero
// values. If a nonzero value is received and none of the negotiated extensions
// defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFCOtherReservedBits(t *testing.T) {
	for _, bits := range []byte{rsv2, rsv3, rsv1 | rsv2, rsv1 | rsv3, rsv2 | rsv3, rsv1 | rsv2 | rsv3} {
		for _, op := range []byte{text, binaryData, ping} {
			wantReservedBits(t, fmt.Sprintf("%#x", bits|op), frames(frame(fin|bits|op, hello)))
		}
		wantReservedBits(t, fmt.Sprintf("%#x/continuation", bits),
			frames(frame(rsv1|text, hello[:3]), frame(fin|bits|continuation, hello[3:])))
	}
}

// The same sentences, if permessage-deflate is not negotiated, because the Conn does not have it or because
// the peer does not offer or accept it.
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFCCompressedBitUnnegotiated(t *testing.T) {
	for _, op := range []byte{text, binaryData} {
		for name, r := range map[string]failure{
			"not known":    {plain: true, params: none},
			"not accepted": {params: none},
		} {
			r.name = fmt.Sprintf("%s/%#x", name, op)
			r.code, r.cause = wire.StatusProtocolError, wire.ErrReservedBits
			r.before = []string{"plain"}
			r.stream = frames(frame(fin|text, "plain"), frame(fin|rsv1|op, hello))
			wantFailure(t, r)
		}
	}
}
