package deflate_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// Each test in this file opens with the sentence of RFC 7692 that it checks. Sentences about
// frames alone concern package wire and transports.

var (
	hello      = []byte("\xf2\x48\xcd\xc9\xc9\x07\x00") // section 7.2.3.1
	helloAgain = []byte("\xf2\x00\x11\x00\x00")         // section 7.2.3.2
)

// "To offer use of a PMCE, a client MUST include the extension name of the PMCE in
// the "Sec-WebSocket-Extensions" header field of its opening handshake"; "To accept
// the use of an offered PMCE, a server MUST include the extension name of the PMCE
// in the "Sec-WebSocket-Extensions" header field of its opening handshake".
// https://www.rfc-editor.org/rfc/rfc7692#section-5
func TestRFCName(t *testing.T) {
	e := deflate.MustNew(nil)
	for _, o := range e.Offer(nil) {
		if o.Name != "permessage-deflate" {
			t.Error(o)
		}
	}
	if answer, _ := accept(t, e, "permessage-deflate"); !strings.HasPrefix(answer, "permessage-deflate") {
		t.Error(answer)
	}
}

// "In a PMCE negotiation offer, the client MUST inform the server of its LZ77
// window size so that the server uses an LZ77 window size that is not greater than
// the LZ77 window size of the client."
// https://www.rfc-editor.org/rfc/rfc7692#section-5
func TestRFCClientTellsItsWindow(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: 10})
	if first := render(t, e.Offer(nil)[0]); !strings.Contains(first, "server_max_window_bits=10") {
		t.Error(first)
	}
	// After an offer without it, the client keeps a window of 32 KiB.
	s, err := confirm(t, deflate.MustNew(nil), "permessage-deflate")
	if err != nil {
		t.Fatal(err)
	}
	checkHonored(t, 15, "", s)
}

// "A server declining all offered PMCEs MUST NOT include any element with PMCE
// names."
// https://www.rfc-editor.org/rfc/rfc7692#section-5
func TestRFCDeclines(t *testing.T) {
	if answer, s := accept(t, deflate.MustNew(nil), "permessage-deflate; foo"); answer != "" || s != nil {
		t.Error(answer)
	}
}

// "If a server gives an invalid response, such as accepting a PMCE that the client
// did not offer, the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc7692#section-5
func TestRFCUnofferedExtension(t *testing.T) {
	if _, err := confirm(t, deflate.MustNew(nil), "permessage-bzip2"); err == nil {
		t.Error("an extension that was not offered is accepted")
	}
}

// "If a server responds with a valid PMCE element [...] both endpoints MUST use the
// algorithm described in Section 6 and the message payload transformation
// (compressing and decompressing) procedure of the PMCE configured with the "agreed
// parameters" returned by the server to exchange messages."
// https://www.rfc-editor.org/rfc/rfc7692#section-5
func TestRFCAgreedParameters(t *testing.T) {
	client := deflate.MustNew(&deflate.Options{WindowBits: 15})
	for _, n := range negotiations {
		answer, s := accept(t, deflate.MustNew(n.server), n.offer)
		if answer == "" || strings.Contains(n.offer, "server_") {
			continue
		}
		c, err := confirm(t, client, answer)
		if err != nil {
			t.Fatal(err)
		}
		rnd := rand.New(rand.NewPCG(1, 1))
		for range 10 {
			exchange(t, s, c, textMessage(rnd, 5000))
			exchange(t, c, s, textMessage(rnd, 5000))
		}
	}
}

// "An endpoint MUST use the following algorithm to send a message in the form of a
// compressed message. [...] set the "Per-Message Compressed" bit of the first
// frame"; "An endpoint MUST use the following algorithm to send a message in the
// form of an uncompressed message. [...] using the original data for the payload
// data portion as is, unset the "Per-Message Compressed" bit of the first frame".
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
//
// "An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames and
// non-first fragments of a data message. An endpoint receiving such a frame MUST
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc7692#section-6.1
func TestRFCPerMessageCompressedBit(t *testing.T) {
	s, _ := agree(t, nil, nil)
	rsv, perFrame := s.Bits()
	if rsv != wire.RSV1 || perFrame != 0 {
		t.Fatal(rsv, perFrame)
	}
	for _, stream := range []string{"\xc9\x00", "\xc8\x00", "\x41\x00\xc0\x00"} {
		d := wire.Decoder{Role: wire.Client, RSV: rsv, FrameRSV: perFrame}
		var err error
		for in := []byte(stream); err == nil && len(in) > 0; {
			var n int
			_, n, err = d.Next(in)
			in = in[n:]
		}
		if err == nil {
			t.Errorf("%x is accepted", stream)
		}
	}
	if s.Encode(wire.MessageInfo{Size: 5}) != nil {
		t.Error("a short message is compressed")
	}
}

// "An endpoint MUST use the following algorithm to receive a message in the form of
// a compressed message. 1. Concatenate the payload data portion of the received
// frames of the compressed message."
// https://www.rfc-editor.org/rfc/rfc7692#section-6.2
func TestRFCFragments(t *testing.T) {
	s, _ := both(t, 15, false)
	dec, _ := s.Decode(wire.RSV1)
	defer dec.Release()
	out, _, _, err := dec.Append(nil, hello[:3], false, 100) // the fragments of section 7.2.3.1
	if err == nil {
		out, _, _, err = dec.Append(out, hello[3:], true, 100)
	}
	if err != nil || string(out) != "Hello" {
		t.Errorf("%q, %v", out, err)
	}
}

// "A server MUST decline an extension negotiation offer for this extension if any
// of the following conditions are met: The negotiation offer contains an extension
// parameter not defined for use in an offer. [...] contains an extension parameter
// with an invalid value. [...] contains multiple extension parameters with the same
// name. The server doesn't support the offered configuration."
// https://www.rfc-editor.org/rfc/rfc7692#section-7
//
// "A client MUST _Fail the WebSocket Connection_ if the peer server accepted an
// extension negotiation offer for this extension with an extension negotiation
// response meeting any of the following conditions: The negotiation response
// contains an extension parameter not defined for use in a response. [...] contains
// an extension parameter with an invalid value. [...] contains multiple extension
// parameters with the same name. The client does not support the configuration that
// the response represents."
// https://www.rfc-editor.org/rfc/rfc7692#section-7
func TestRFCInvalidParameters(t *testing.T) {
	TestBadParams(t)
	if _, err := confirm(t, deflate.MustNew(nil), "permessage-deflate; client_max_window_bits"); err == nil {
		t.Error("an answer with client_max_window_bits without a value is accepted")
	}
}

// "By including this extension parameter in an extension negotiation offer, a client
// prevents the peer server from using context takeover."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.1
//
// "If the "agreed parameters" contain the "server_no_context_takeover" extension
// parameter, the server MUST start compressing each new message with an empty LZ77
// sliding window."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCServerNoContextTakeover(t *testing.T) {
	answer, s := accept(t, deflate.MustNew(nil), "permessage-deflate; server_no_context_takeover")
	if !strings.Contains(answer, "server_no_context_takeover") {
		t.Error(answer)
	}
	checkEmptyWindow(t, s)
}

// "A client MUST support the "client_no_context_takeover" extension parameter in an
// extension negotiation response."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.2
//
// "If the "agreed parameters" contain the "client_no_context_takeover" extension
// parameter, the client MUST start compressing each new message with an empty LZ77
// sliding window."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCClientNoContextTakeover(t *testing.T) {
	s, err := confirm(t, deflate.MustNew(nil), "permessage-deflate; client_no_context_takeover")
	if err != nil {
		t.Fatal(err)
	}
	checkEmptyWindow(t, s)
}

func checkEmptyWindow(t *testing.T, s wire.Session) {
	t.Helper()
	p := textMessage(rand.New(rand.NewPCG(1, 1)), 3000)
	for range 3 {
		w := strict{size: 1 << 15}
		if got, err := w.message(encode(t, s, p, 0)); err != nil || !bytes.Equal(got, p) {
			t.Error(err)
		}
	}
}

// "This parameter has a decimal integer value without leading zeroes between 8 to
// 15, inclusive, indicating the base-2 logarithm of the LZ77 sliding window size,
// and MUST conform to the ABNF below. server-max-window-bits = 1*DIGIT"
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
//
// "If a value is specified for this parameter, the value MUST conform to the ABNF
// below. client-max-window-bits = 1*DIGIT"
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
func TestRFCWindowBits(t *testing.T) { TestWindowBits(t) }

// "A server accepts an extension negotiation offer with this parameter by including
// the "server_max_window_bits" extension parameter in the extension negotiation
// response to send back to the client with the same or smaller value as the offer."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.1
//
// "If the "agreed parameters" contain the "server_max_window_bits" extension
// parameter with a value of w, the server MUST NOT use an LZ77 sliding window
// longer than the w-th power of 2 bytes to compress messages to send."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCServerMaxWindowBits(t *testing.T) {
	for _, own := range []int{8, 12, 15} {
		for _, asked := range []string{"8", "9", "10", "15"} {
			e := deflate.MustNew(&deflate.Options{WindowBits: own})
			answer, s := accept(t, e, "permessage-deflate; server_max_window_bits="+asked)
			if !strings.Contains(answer, "server_max_window_bits=") {
				t.Error(answer)
			}
			checkHonored(t, own, answer, s)
		}
	}
}

// "If a received extension negotiation offer doesn't have the
// "client_max_window_bits" extension parameter, the corresponding extension
// negotiation response to the offer MUST NOT include the "client_max_window_bits"
// extension parameter."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
func TestRFCUnofferedClientMaxWindowBits(t *testing.T) {
	for _, opts := range []*deflate.Options{
		nil, {MaxReceiveWindowBits: 12}, {WindowBits: 8}, {NoContextTakeover: true, WindowBits: 9},
	} {
		for _, offer := range []string{
			"permessage-deflate",
			"permessage-deflate; server_max_window_bits=9; client_no_context_takeover",
		} {
			answer, _ := accept(t, deflate.MustNew(opts), offer)
			if strings.Contains(answer, "client_max_window_bits") {
				t.Errorf("%+v, %s: %s", opts, offer, answer)
			}
		}
	}
}

// "By including this parameter in an extension negotiation offer, a client informs the
// peer server of a hint that even if the server doesn't include the
// "client_no_context_takeover" extension parameter in the corresponding extension
// negotiation response to the offer, the client is not going to use context takeover."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.1.2
//
// "[...] the client is not going to use an LZ77 sliding window size greater than the
// size specified by the value in the extension negotiation offer to compress
// messages."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.2.2
func TestRFCClientKeepsToItsOffer(t *testing.T) {
	for _, row := range []struct{ offers, answer, mirrored string }{
		{"permessage-deflate; client_no_context_takeover", "permessage-deflate",
			"server_no_context_takeover"},
		{"permessage-deflate; client_max_window_bits=9", "permessage-deflate", "server_max_window_bits=9"},
		{"permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=15",
			"server_max_window_bits=9"},
		{"permessage-deflate; client_max_window_bits=9", "permessage-deflate; client_max_window_bits=8",
			"server_max_window_bits=8"},
		{"permessage-deflate, permessage-deflate; client_max_window_bits=10; client_no_context_takeover",
			"permessage-deflate", "server_max_window_bits=10; server_no_context_takeover"},
		{"permessage-deflate; server_no_context_takeover; client_max_window_bits=10, permessage-deflate",
			"permessage-deflate", ""},
	} {
		s, err := confirm(t, deflate.MustNew(&deflate.Options{Offers: row.offers}), row.answer)
		if err != nil {
			t.Errorf("%s: %v", row.offers, err)
			continue
		}
		checkHonored(t, 15, row.mirrored, s) // takes the answer of a server with the same session
	}
}

// "If the "agreed parameters" contain the "client_max_window_bits" extension
// parameter with a value of w, the client MUST NOT use an LZ77 sliding window longer
// than the w-th power of 2 bytes to compress messages to send."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCClientMaxWindowBits(t *testing.T) {
	for _, w := range []string{"8", "9", "11", "14"} {
		e := deflate.MustNew(&deflate.Options{WindowBits: 15})
		s, err := confirm(t, e, "permessage-deflate; client_max_window_bits="+w)
		if err != nil {
			t.Fatal(err)
		}
		checkHonored(t, 15, "server_max_window_bits="+w, s) // the answer of a server with the same session
	}
}

// "When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte
// boundary, an endpoint MUST add minimal padding bits of 0 to make it end at a byte
// boundary. The next DEFLATE block follows the padded data if any."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCFinalBlocks(t *testing.T) {
	s, _ := both(t, 15, false)
	z := new(crafter).fixed(1).literals("a").end().align().fixed(1).literals("\x90\x91").end().align().
		stored(1, "b").fixed(1).match3(4).end().message()
	for _, f := range []feeding{{}, {piece: 1}, {most: 1}} {
		got, err := decode(t, s, z, f)
		if err != nil || string(got) != "a\x90\x91ba\x90\x91" {
			t.Errorf("%v: %x, %v", f, got, err)
		}
	}
}

// "Note that for non-final fragments, the removal of 0x00 0x00 0xff 0xff MUST NOT be
// done."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCTailOfFragments(t *testing.T) {
	s, c := both(t, 12, false)
	enc := s.Encode(wire.MessageInfo{Size: -1})
	rnd := rand.New(rand.NewPCG(1, 1))
	var z, want []byte
	for range 3 { // each piece is larger than a block of the compressor
		p := textMessage(rnd, 70_000)
		want = append(want, p...)
		z, _ = enc.Append(z, p, false)
	}
	z, _ = enc.Append(z, nil, true)
	if got, err := decode(t, c, z, feeding{piece: 1 << 14}); err != nil || !bytes.Equal(got, want) {
		t.Errorf("%d of %d bytes, %v", len(got), len(want), err)
	}
}

// "An endpoint MUST NOT use an LZ77 sliding window longer than 32,768 bytes to
// compress messages to send."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.1
func TestRFCLargestWindow(t *testing.T) {
	_, s := accept(t, deflate.MustNew(&deflate.Options{WindowBits: 15}), "permessage-deflate")
	checkHonored(t, 15, "server_max_window_bits=15", s)
}

// "Otherwise, the client MUST decompress each new message using the LZ77 sliding
// window used to process the last compressed message."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
//
// "Note that even if some uncompressed messages (with the RSV1 bit unset) are
// inserted between the two "Hello" messages, they don't affect the LZ77 sliding
// window."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.3.2
func TestRFCClientTakesContextOver(t *testing.T) {
	s, err := confirm(t, deflate.MustNew(nil), "permessage-deflate")
	if err != nil {
		t.Fatal(err)
	}
	checkHelloAgain(t, s)
}

// "Otherwise, the server MUST decompress each new message using the LZ77 sliding
// window used to process the last compressed message. Note that even if the client
// has included the "client_no_context_takeover" extension parameter in its offer,
// the server MUST decompress each new message using the LZ77 sliding window used to
// process the last compressed message if the "agreed parameters" don't contain the
// "client_no_context_takeover" extension parameter."
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
func TestRFCServerTakesContextOver(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{WindowBits: 15})
	_, s := accept(t, e, "permessage-deflate")
	checkHelloAgain(t, s)
	// This server always answers the client's hint, so that the agreed parameters contain it.
	const hint = "permessage-deflate; client_no_context_takeover"
	if answer, _ := accept(t, e, hint); answer != hint {
		t.Errorf("answer %q, want %q", answer, hint)
	}
}

func checkHelloAgain(t *testing.T, s wire.Session) {
	t.Helper()
	for i, z := range [][]byte{hello, helloAgain, helloAgain, hello} {
		if got, err := decode(t, s, z, feeding{piece: i % 2}); err != nil || string(got) != "Hello" {
			t.Errorf("message %d: %q, %v", i, got, err)
		}
	}
}

// "If the "agreed parameters" contain the "server_max_window_bits" extension
// parameter with a value of w, the client MAY reduce the size of its LZ77 sliding
// window [...]. Otherwise, the client MUST use a 32,768-byte LZ77 sliding window to
// decompress received messages." And the same of a server.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.2.2
func TestRFCDecompressWithLargestWindow(t *testing.T) {
	small := &deflate.Options{WindowBits: 8}
	c, err := confirm(t, deflate.MustNew(small), "permessage-deflate")
	if err != nil {
		t.Fatal(err)
	}
	_, s := accept(t, deflate.MustNew(small), "permessage-deflate")
	for _, session := range []wire.Session{c, s} {
		checkHonored(t, 8, "", session)
	}
}

// The offers and answers of the examples.
// https://www.rfc-editor.org/rfc/rfc7692#section-7.1.3
func TestRFCExamples(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{WindowBits: 15})
	for _, row := range [][2]string{
		{"permessage-deflate", "permessage-deflate"},
		{"permessage-deflate; client_max_window_bits; server_max_window_bits=10",
			"permessage-deflate; server_max_window_bits=10"},
		{"permessage-deflate; client_max_window_bits; server_max_window_bits=10, " +
			"permessage-deflate; client_max_window_bits",
			"permessage-deflate; server_max_window_bits=10"},
	} {
		if answer, _ := accept(t, e, row[0]); answer != row[1] {
			t.Errorf("%s: %s", row[0], answer)
		}
	}
}
