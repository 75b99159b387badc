package compressed

import (
	"fmt"
	"strings"
	"testing"
)

// "When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte
// boundary, an endpoint MUST add minimal padding bits of 0 to make it end at a byte
// boundary. The next DEFLATE block follows the padded data if any."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCFinalBlocks(t *testing.T) {
	for _, params := range []string{takeover, noTakeover} {
		stream := whole(rsv1|text, helloFinal, helloFinal)
		wantMessages(t, "the example "+params, params, stream, "Hello", "Hello")
		z := new(crafter).begin(true, 1).literals("a").endBlock().align().
			begin(true, 1).literals("\x90\x91").endBlock().align().
			stored(true, "b").begin(false, 1).match(4).endBlock().begin(true, 1).endBlock().align().message()
		const want = "a\x90\x91ba\x90\x91"
		wantMessages(t, "several "+params, params, whole(rsv1|binaryData, z, z, hello), want, want, "Hello")
		for n := 2; n <= len(z); n += 3 {
			name := fmt.Sprintf("several in %d fragments %s", n, params)
			wantMessages(t, name, params, inFrames(rsv1|binaryData, pieces(z, n)...), want)
		}
	}
	stream := whole(rsv1|text, helloFinal, helloAgain)
	wantMessages(t, "and the window continues", takeover, stream, "Hello", "Hello")
}

// A final block should be followed by a byte 0x00, which is an empty block (section 7.2.3.4). Some peers omit
// it. Package deflate documents that it reads their messages.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.4
func TestRFCFinalBlockAtTheEnd(t *testing.T) {
	for _, params := range []string{takeover, noTakeover} {
		z := helloFinal[:len(helloFinal)-1]
		wantMessages(t, params, params, whole(rsv1|text, z, z, hello), "Hello", "Hello", "Hello")
	}
}

// "Two or more DEFLATE blocks may be used in one message."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.5
func TestRFCSeveralBlocks(t *testing.T) {
	for _, params := range []string{takeover, noTakeover} {
		stream := whole(rsv1|text, helloTwo, hello, helloTwo)
		wantMessages(t, "the example "+params, params, stream, "Hello", "Hello", "Hello")
		c := new(crafter)
		for range 1000 {
			c.begin(false, 1).literals("x").endBlock().stored(false, "y")
			c.begin(false, 1).endBlock().stored(false, "")
		}
		stream = whole(rsv1|text, c.message())
		wantMessages(t, "4,000 "+params, params, stream, strings.Repeat("xy", 1000))
	}
}

// "A DEFLATE block with no compression" is one kind of block that a message may have. The example of the
// section is "Hello" in such a block.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.3
func TestRFCStoredBlock(t *testing.T) {
	wantMessages(t, "the example", noTakeover, whole(rsv1|text, helloStored, hello), "Hello", "Hello")
	stream := whole(rsv1|text, helloStored, helloAgain)
	wantMessages(t, "and the window continues", takeover, stream, "Hello", "Hello")
}

// "The single octet 0x00 contains the header bits with "BFINAL" set to 0 and "BTYPE"
// set to 00, and 5 padding bits of 0."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.6
//
// Alone, it is an empty message. At the end of another message, it is an empty block. An empty payload is
// read in the same way, as package deflate documents.
func TestRFCEmpty(t *testing.T) {
	for name, empty := range map[string]string{
		"0x00": "\x00", "nothing": "", "fixed codes": "\x02\x00",
		"final": "\x03\x00\x00", "final alone": "\x03\x00",
	} {
		for _, params := range []string{takeover, noTakeover} {
			stream := whole(rsv1|text, empty, hello, empty, empty, hello)
			wantMessages(t, name+" alone "+params, params, stream, "", "Hello", "", "", "Hello")
			stream = inFrames(rsv1|text, append(pieces(empty, len(empty)+2), "")...)
			wantMessages(t, name+" in fragments "+params, params, stream, "")
		}
		stream := whole(rsv1|text, hello, empty, helloAgain)
		wantMessages(t, name+" keeps the window", takeover, stream, "Hello", "", "Hello")
	}
	// The block before it is flushed, and the last fragment is empty or the byte 0x00.
	flushed := hello + "\x00\x00\xff\xff"
	wantMessages(t, "last fragment 0x00", takeover, inFrames(rsv1|text, flushed, "\x00"), "Hello")
	wantMessages(t, "last fragment empty", takeover, inFrames(rsv1|text, hello, ""), "Hello")
	stream := inFrames(rsv1|text, "", hello[:2], "", "", hello[2:], "", "")
	wantMessages(t, "fragments empty", takeover, stream, "Hello")
}

// "An endpoint MUST use the following algorithm to send a message in the form of an
// uncompressed message. [...] using the original data for the payload data portion
// as is, unset the "Per-Message Compressed" bit of the first frame".
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
//
// "Note that even if some uncompressed messages (with the RSV1 bit unset) are
// inserted between the two "Hello" messages, they don't affect the LZ77 sliding
// window."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.2
func TestRFCUncompressedBetween(t *testing.T) {
	for _, plain := range []string{"", "x", hello, strings.Repeat("plain", 20_000)} {
		name := fmt.Sprintf("%d bytes", len(plain))
		wantMessages(t, name, takeover, func(p *peer) []byte {
			b := p.appendFrame(nil, fin|rsv1|text, []byte(hello))
			b = p.appendFrame(b, fin|binaryData, []byte(plain))
			b = p.appendFrame(b, fin|rsv1|text, []byte(helloAgain))
			b = p.appendCut(b, binaryData, []byte(plain), 1000)
			return p.appendFrame(b, fin|rsv1|text, []byte(helloAgain))
		}, "Hello", plain, "Hello", plain, "Hello")
	}
}

// "Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end": a peer that does not remove them has
// sent another empty block, which is legal (section 7.2.3.5).
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCTailLeftOn(t *testing.T) {
	for _, params := range []string{takeover, noTakeover} {
		z := hello + "\x00\x00\xff\xff"
		wantMessages(t, params, params, whole(rsv1|text, z, z, hello), "Hello", "Hello", "Hello")
	}
}

// "Concatenate the payload data portion of the received frames of the compressed
// message". Control frames may occur between them.
// https://www.rfc-editor.org/rfc/rfc7692#section-6.2
func TestRFCFragments(t *testing.T) {
	for n := range hello {
		wantMessages(t, fmt.Sprintf("cut at %d", n), takeover, frames(
			frame(rsv1|text, hello[:n]), frame(fin|pong, "a pong"), frame(fin|continuation, hello[n:]),
			frame(fin|rsv1|text, helloAgain),
		), "Hello", "Hello")
	}
}
