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
	bad := map[string]string{
		"reserved block type":        string(new(crafter).begin(false, 3).b),
		"length and its complement":  "\x00\x05\x00\x05\x00Hello\x00",
		"length symbol 286":          string(new(crafter).begin(false, 1).code(0xc6, 8).code(0, 8).b),
		"distance symbol 30":         string(new(crafter).begin(false, 1).literals("aaaa").code(1, 7).code(30, 5).code(0, 8).b),
		"before the first byte":      string(new(crafter).begin(false, 1).literals("ab").match(8).endBlock().message()),
		"too many length codes":      string(new(crafter).begin(false, 2).put(30, 5).put(0, 5).put(0, 4).put(0, 12).b),
		"code lengths of no code":    string(new(crafter).begin(false, 2).put(0, 5).put(0, 5).put(0, 4).put(0, 12).put(0, 32).b),
		"text that is not DEFLATE":   "this is not compressed, whatever the bit says",
		"octets that are all ones":   strings.Repeat("\xff", 1000),
		"block behind a message":     helloFinal[:7] + "\xff\xff",
		"second block of three":      literalMessage("a") + "\x00\x00\xff\xff\x07" + literalMessage("b"),
		"after 100,000 inflated":     string(deflated(make([]byte, 100_000))) + "\x00\x00\xff\xff\x07\x00",
		"stored, after 20,000 bytes": string(new(crafter).stored(false, strings.Repeat("x", 20_000)).begin(false, 3).b),
	}
	for name, z := range bad {
		wantFailure(t, failure{
			name: name, code: wire.StatusInvalidPayload, before: []string{"Hello"},
			stream: whole(rsv1|binaryData, hello, z),
		})
		// The fault is seen where it is; the message has no end.
		wantFailure(t, failure{
			name: name + ", unfinished", code: wire.StatusInvalidPayload, before: []string{"Hello"},
			stream: func(p *peer) []byte {
				b := whole(rsv1|binaryData, hello)(p)
				return append(b, inFrames(rsv1|binaryData, append(pieces(z, 5), "never sent")...)(p)[:unfinished(p, pieces(z, 5))]...)
			},
		})
	}
}

// unfinished is the size of the frames of parts, as inFrames makes them.
func unfinished(p *peer, parts []string) (n int) {
	for _, z := range parts {
		n += len(p.appendFrame(nil, 0, []byte(z)))
	}
	return n
}

// "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the
// message"; "Decompress the resulting data using DEFLATE."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
//
// With that tail the message must end behind a block. One that does not is missing
// its end.
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
				name: fmt.Sprintf("%s/fragments=%d", name, n), code: wire.StatusInvalidPayload, before: []string{"Hello"},
				stream: func(p *peer) []byte {
					return append(whole(rsv1|binaryData, hello)(p), inFrames(rsv1|binaryData, pieces(z, n)...)(p)...)
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
				name: fmt.Sprintf("%s/fragments=%d", name, n), code: wire.StatusInvalidPayload, cause: wire.ErrInvalidUTF8,
				before: []string{"Hello", bad},
				stream: func(p *peer) []byte { // as binary it passes
					b := whole(rsv1|text, hello)(p)
					b = append(b, inFrames(rsv1|binaryData, pieces(z, n)...)(p)...)
					return append(b, inFrames(rsv1|text, pieces(z, n)...)(p)...)
				},
			})
		}
	}
}

// The same sentence: the stream is not valid from its first bad octet on, and nothing
// that follows can mend it. The frame, the block and the message are unfinished.
// https://www.rfc-editor.org/rfc/rfc6455#section-8.1
func TestRFCInflatedUTF8FailsFast(t *testing.T) {
	for name, stream := range map[string]func(p *peer) []byte{
		// Behind the bad octet stand others, so that all bits of its code are sent.
		"in the first fragment": frames(frame(rsv1|text, unfinishedBlock("Hello\xffab"))),
		"in the second fragment": func(p *peer) []byte {
			z := unfinishedBlock("Hello\xffab")
			return append(p.appendFrame(nil, rsv1|text, []byte(z[:3])), p.appendFrame(nil, continuation, []byte(z[3:]))...)
		},
		"rune cut by fragments": func(p *peer) []byte {
			z := unfinishedBlock("κόσμε\xf4\x90abc") // one of its fragments ends behind \xf4
			n := len(unfinishedBlock("κόσμε"))
			b := p.appendFrame(nil, rsv1|text, []byte(z[:n]))
			b = p.appendFrame(b, continuation, []byte(z[n:n+1]))
			return p.appendFrame(b, continuation, []byte(z[n+1:]))
		},
		"in an unfinished frame": func(p *peer) []byte {
			b := p.appendFrame(nil, rsv1|text, new(crafter).stored(false, "Hello\xff"+strings.Repeat("a", 1000)).b)
			return b[:len(b)-1000]
		},
	} {
		wantFailure(t, failure{name: name, code: wire.StatusInvalidPayload, cause: wire.ErrInvalidUTF8, stream: stream})
	}
}

// "If the "agreed parameters" contain the "client_no_context_takeover" extension
// parameter, the client MUST start compressing each new message with an empty LZ77
// sliding window", and the same of a server.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCReferenceWithoutTakeover(t *testing.T) {
	for name, z := range map[string]string{
		"of the RFC":  helloAgain,
		"crafted":     string(new(crafter).begin(false, 1).match(1).endBlock().message()),
		"after bytes": string(new(crafter).begin(false, 1).literals("ab").match(8).endBlock().message()),
		"final block": string(new(crafter).begin(true, 1).match(5).endBlock().align().message()),
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
		params := fmt.Sprintf("permessage-deflate; client_max_window_bits=%d; server_max_window_bits=%[1]d", w)
		first := strings.Repeat("0123456789abcde", 3000)
		z := string(new(crafter).stored(false, first).message())
		reach := func(distance uint) string {
			return string(new(crafter).begin(false, 1).match(distance).endBlock().message())
		}
		last := first[len(first)-1<<w:][:3]
		wantMessages(t, fmt.Sprintf("as far as %d bits", w), params, whole(rsv1|binaryData, z, reach(1<<w)), first, last)
		wantFailure(t, failure{
			name: fmt.Sprintf("past %d bits", w), params: params, code: wire.StatusInvalidPayload,
			before: []string{first}, stream: whole(rsv1|binaryData, z, reach(1<<w+1)),
		})
	}
}
