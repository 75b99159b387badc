package compressed

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
// non-first fragments of a data message. An endpoint receiving such a frame MUST
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
func TestRFCCompressedBitOfControls(t *testing.T) {
	for _, op := range []byte{ping, pong, closing} {
		for _, payload := range []string{"", "\x03\xe8", hello} {
			wantFailure(t, failure{
				name: fmt.Sprintf("%#x/%q", op, payload), code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
				before: []string{"Hello"},
				stream: frames(frame(fin|rsv1|text, hello), frame(fin|rsv1|op, payload)),
			})
		}
		wantFailure(t, failure{
			name: fmt.Sprintf("%#x/between fragments", op), code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
			stream: frames(frame(rsv1|text, hello[:3]), frame(fin|rsv1|op, "")),
		})
	}
}

// The same sentence, for "non-first fragments of a data message".
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
func TestRFCCompressedBitOfContinuations(t *testing.T) {
	for _, first := range []string{frame(rsv1|text, hello[:3]), frame(text, "Hel")} {
		for _, last := range []byte{0, fin} {
			wantFailure(t, failure{
				name: fmt.Sprintf("%#x,%#x", first[0], last), code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
				stream: frames(first, frame(rsv1|last|continuation, hello[3:])),
			})
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
			wantFailure(t, failure{
				name: fmt.Sprintf("%#x", bits|op), code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
				stream: frames(frame(fin|bits|op, hello)),
			})
		}
		wantFailure(t, failure{
			name: fmt.Sprintf("%#x/continuation", bits), code: wire.StatusProtocolError, cause: wire.ErrReservedBits,
			stream: frames(frame(rsv1|text, hello[:3]), frame(fin|bits|continuation, hello[3:])),
		})
	}
}

// The same sentences, where permessage-deflate is not negotiated: because one side
// does not know it, or because the peer has left it out.
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFCCompressedBitUnnegotiated(t *testing.T) {
	for _, op := range []byte{text, binaryData} {
		for name, r := range map[string]failure{
			"not known":    {plain: true, params: none},
			"not accepted": {params: none},
		} {
			r.name, r.code, r.cause = fmt.Sprintf("%s/%#x", name, op), wire.StatusProtocolError, wire.ErrReservedBits
			r.before = []string{"plain"}
			r.stream = frames(frame(fin|text, "plain"), frame(fin|rsv1|op, hello))
			wantFailure(t, r)
		}
	}
}
