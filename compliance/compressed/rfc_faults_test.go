package compressed

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// "1007 indicates that an endpoint is terminating the connection because it has
// received data within a message that was not consistent with the type of the
// message".
// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
func TestRFCGarbage(t *testing.T) {
	much := strings.Repeat("x", 20_000)
	bad := map[string]string{
		"reserved block type":        new(crafter).begin(false, 3).data(),
		"length not complemented":    "\x00\x05\x00\x05\x00Hello\x00",
		"length symbol 286":          fixedBlock().code(0xc6, 8).code(0, 8).data(),
		"distance symbol 30":         fixedBlock().literals("aaaa").code(1, 7).code(30, 5).code(0, 8).data(),
		"before the first byte":      fixedBlock().literals("ab").match(8).endBlock().message(),
		"too many length codes":      new(crafter).begin(false, 2).put(30, 5).put(0, 9).put(0, 12).data(),
		"code lengths without codes": new(crafter).begin(false, 2).put(0, 14).put(0, 12).put(0, 32).data(),
		"text that is not DEFLATE":   "this is not compressed, although RSV1 is set",
		"bytes that are all ones":    strings.Repeat("\xff", 1000),
		"block after a message":      helloFinal[:7] + "\xff\xff",
		"second block of three":      literalMessage("a") + "\x00\x00\xff\xff\x07" + literalMessage("b"),
		"after 100,000 inflated":     string(deflated(make([]byte, 100_000))) + "\x00\x00\xff\xff\x07\x00",
		"stored, after 20,000 bytes": new(crafter).stored(false, much).begin(false, 3).data(),
	}
	for name, z := range bad {
		wantFailure(t, failure{
			name: name, code: wire.StatusInvalidPayload, before: []string{"Hello"},
			stream: whole(rsv1|binaryData, hello, z),
		})
		// The Conn fails at the fault, although the rest of the message is not sent.
		wantFailure(t, failure{
			name: name + ", unfinished", code: wire.StatusInvalidPayload, before: []string{"Hello"},
			stream: func(p *peer) []byte {
				parts := pieces(z, 5)
				message := inFrames(rsv1|binaryData, append(parts, "never sent")...)(p)
				return append(whole(rsv1|binaryData, hello)(p), message[:framesSize(p, parts)]...)
			},
		})
	}
}

// framesSize returns the size of the frames that inFrames makes of parts.
func framesSize(p *peer, parts []string) (n int) {
	for _, z := range parts {
		n += len(p.appendFrame(nil, 0, []byte(z)))
	}
	return n
}

// "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the
// message"; "Decompress the resulting data using DEFLATE."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
//
// With that tail, the message must end after a block. If it does not, its end is missing.
func TestRFCTruncated(t *testing.T) {
	for name, z := range map[string]string{
		"in a symbol":          hello[:3],
		"before end of block":  unfinishedBlock("Hello"),
		"in a stored block":    helloStored[:8],
		"in its length":        helloStored[:3],
		"in a dynamic header":  string(bomb(true)[:9]),
		"in a dynamic block":   string(bomb(true)[:100]),
		"in the second block":  helloTwo[:10],
		"in a block of others": "\x02",
	} {
		for n := 1; n <= 3; n += 2 {
			wantFailure(t, failure{
				name: fmt.Sprintf("%s/fragments=%d", name, n), code: wire.StatusInvalidPayload,
				before: []string{"Hello"},
				stream: func(p *peer) []byte {
					b := whole(rsv1|binaryData, hello)(p)
					return append(b, inFrames(rsv1|binaryData, pieces(z, n)...)(p)...)
				},
			})
		}
	}
}

// "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte
// stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-8.1
func TestRFCInflatedUTF8(t *testing.T) {
	for name, bad := range map[string]string{
		"alone":              "\xff",
		"after ASCII":        strings.Repeat("a", 5000) + "\x80",
		"surrogate":          "κόσμε\xed\xa0\x80edited",
		"beyond the last":    "\xf4\x90\x80\x80",
		"overlong":           "\xc0\xaf",
		"before much":        "\xff" + strings.Repeat("a", 30_000),
		"ends within a rune": "水\xf0\x9f\x8c",
	} {
		z := literalMessage(bad)
		for n := 1; n <= 4; n += 3 {
			wantFailure(t, failure{
				name: fmt.Sprintf("%s/fragments=%d", name, n),
				code: wire.StatusInvalidPayload, cause: wire.ErrInvalidUTF8,
				before: []string{"Hello", bad},
				stream: func(p *peer) []byte { // the same bytes pass as a binary message
					b := whole(rsv1|text, hello)(p)
					b = append(b, inFrames(rsv1|binaryData, pieces(z, n)...)(p)...)
					return append(b, inFrames(rsv1|text, pieces(z, n)...)(p)...)
				},
			})
		}
	}
}

// The same sentence: the stream is invalid from its first bad byte on, whatever follows. The frame, the block
// and the message are unfinished.
// https://www.rfc-editor.org/rfc/rfc6455#section-8.1
func TestRFCInflatedUTF8FailsFast(t *testing.T) {
	for name, stream := range map[string]func(p *peer) []byte{
		// Other bytes follow the bad one, so that all bits of its code are sent.
		"in the first fragment": frames(frame(rsv1|text, unfinishedBlock("Hello\xffab"))),
		"in the second fragment": func(p *peer) []byte {
			z := unfinishedBlock("Hello\xffab")
			b := p.appendFrame(nil, rsv1|text, []byte(z[:3]))
			return p.appendFrame(b, continuation, []byte(z[3:]))
		},
		"rune cut by fragments": func(p *peer) []byte {
			z := unfinishedBlock("κόσμε\xf4\x90abc") // a fragment ends after \xf4
			n := len(unfinishedBlock("κόσμε"))
			b := p.appendFrame(nil, rsv1|text, []byte(z[:n]))
			b = p.appendFrame(b, continuation, []byte(z[n:n+1]))
			return p.appendFrame(b, continuation, []byte(z[n+1:]))
		},
		"in an unfinished frame": func(p *peer) []byte {
			z := new(crafter).stored(false, "Hello\xff"+strings.Repeat("a", 1000)).b
			b := p.appendFrame(nil, rsv1|text, z)
			return b[:len(b)-1000]
		},
	} {
		wantFailure(t, failure{
			name: name, stream: stream, code: wire.StatusInvalidPayload, cause: wire.ErrInvalidUTF8,
		})
	}
}

// "If the "agreed parameters" contain the "client_no_context_takeover" extension
// parameter, the client MUST start compressing each new message with an empty LZ77
// sliding window", and the same of a server.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCReferenceWithoutTakeover(t *testing.T) {
	for name, z := range map[string]string{
		"of the RFC":  helloAgain,
		"crafted":     fixedBlock().match(1).endBlock().message(),
		"after bytes": fixedBlock().literals("ab").match(8).endBlock().message(),
		"final block": new(crafter).begin(true, 1).match(5).endBlock().align().message(),
	} {
		wantFailure(t, failure{
			name: name, params: noTakeover, code: wire.StatusInvalidPayload,
			before: []string{"Hello", "Hello"},
			stream: whole(rsv1|binaryData, hello, hello, z),
		})
	}
}

// "If the "agreed parameters" contain the "client_max_window_bits" extension
// parameter with a value of w, the client MUST NOT use an LZ77 sliding window longer
// than the w-th power of 2 bytes to compress messages to send", and the same of a
// server.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCReferencePastTheWindow(t *testing.T) {
	for _, w := range []uint{9, 10, 12, 14} {
		params := fmt.Sprintf("%s; client_max_window_bits=%d; server_max_window_bits=%d", takeover, w, w)
		first := strings.Repeat("0123456789abcde", 3000)
		z := new(crafter).stored(false, first).message()
		reach := func(distance uint) string {
			return fixedBlock().match(distance).endBlock().message()
		}
		last := first[len(first)-1<<w:][:3]
		name := fmt.Sprintf("as far as %d bits", w)
		wantMessages(t, name, params, whole(rsv1|binaryData, z, reach(1<<w)), first, last)
		wantFailure(t, failure{
			name: fmt.Sprintf("past %d bits", w), params: params, code: wire.StatusInvalidPayload,
			before: []string{first}, stream: whole(rsv1|binaryData, z, reach(1<<w+1)),
		})
	}
}
