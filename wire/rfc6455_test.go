package wire_test

import (
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// There is a test for each MUST of RFC 6455 that this package implements. Each opens with
// the sentence and its section. Those that need a connection, a source of entropy or HTTP are
// tested in package websocket.

// "Comparing two strings in an _ASCII case-insensitive_ manner means comparing
// them exactly, code point for code point, except that the characters in the
// range U+0041 to U+005A [...] and the corresponding characters in the range
// U+0061 to U+007A [...] are considered to also match."
// https://www.rfc-editor.org/rfc/rfc6455#section-2.1
func TestRFC6455CaseInsensitive(t *testing.T) {
	if !wire.HasToken([]string{"WEBsocket"}, "websocket") {
		t.Error("the case of ASCII letters is not ignored")
	}
	if wire.HasToken([]string{"web\u017focket"}, "websocket") {
		t.Error("the case of other letters is ignored")
	}
}

// "The value of this header field MUST be a nonce consisting of a randomly
// selected 16-byte value that has been base64-encoded (see Section 4 of
// [RFC4648])."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455Key(t *testing.T) {
	for key, want := range map[string]bool{
		"dGhlIHNhbXBsZSBub25jZQ==": true, "c2hvcnQ=": false, "not base64, 24 bytes????": false,
	} {
		if got := wire.IsKey(key); got != want {
			t.Errorf("IsKey(%q) is %v", key, got)
		}
	}
}

// "The elements that comprise this value MUST be non-empty strings with
// characters in the range U+0021 to U+007E not including separator characters as
// defined in [RFC2616]"
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
// Separators other than the comma are accepted nevertheless. See IsProtocolName.
func TestRFC6455Protocols(t *testing.T) {
	got := wire.ParseProtocols([]string{"chat, superchat"})
	if want := []string{"chat", "superchat"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	for _, s := range []string{"", "ch at", "ch\tat", "ch\x7fat", "ch\u00e2t"} {
		if got := wire.ParseProtocols([]string{s}); got != nil || wire.IsProtocolName(s) {
			t.Errorf("%q: %q", s, got)
		}
	}
}

// "If the response lacks a |Connection| header field or the |Connection| header
// field doesn't contain a token that is an ASCII case-insensitive match for the
// value "Upgrade", the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ConnectionToken(t *testing.T) {
	if !wire.HasToken([]string{"keep-alive, upgrade"}, "Upgrade") {
		t.Error("the token is not found")
	}
	for _, v := range [][]string{nil, {""}, {"keep-alive"}, {"no-upgrade"}} {
		if wire.HasToken(v, "Upgrade") {
			t.Errorf("the token is found in %q", v)
		}
	}
}

// "If the response lacks a |Sec-WebSocket-Accept| header field or the
// |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of
// the concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded)
// with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" [...] the client MUST
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455Accept(t *testing.T) {
	if got := wire.AcceptKey("dGhlIHNhbXBsZSBub25jZQ=="); got != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Error(got)
	}
}

// "a client MUST mask all frames that it sends to the server"
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ClientMasks(t *testing.T) {
	e := wire.Encoder{Role: wire.Client}
	h := wire.Header{Fin: true, Opcode: wire.OpText, Key: [4]byte{0x37, 0xfa, 0x21, 0x3d}}
	b, err := e.AppendFrame(nil, h, []byte("Hello"))
	if want := "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"; string(b) != want || err != nil {
		t.Errorf("% x, %v", b, err)
	}
	for _, op := range []wire.Opcode{wire.OpPing, wire.OpPong, wire.OpClose} {
		b, err := e.AppendFrame(nil, wire.Header{Fin: true, Opcode: op}, nil)
		if err != nil || b[1]&0x80 == 0 {
			t.Errorf("%v: % x, %v, want a masked frame", op, b, err)
		}
	}
}

// "The server MUST close the connection upon receiving a frame that is not
// masked."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ServerWantsMask(t *testing.T) {
	for _, s := range []string{"\x81\x05Hello", "\x89\x00", "\x88\x00", "\x82\x7e\x01\x00"} {
		wantViolation(t, wire.Decoder{}, s, wire.ErrUnmasked, wire.StatusProtocolError)
	}
}

// "A server MUST NOT mask any frames that it sends to the client."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ServerDoesNotMask(t *testing.T) {
	var e wire.Encoder
	h := wire.Header{Fin: true, Opcode: wire.OpText, Masked: true, Key: [4]byte{1, 2, 3, 4}}
	if b, err := e.AppendFrame(nil, h, []byte("Hello")); string(b) != "\x81\x05Hello" || err != nil {
		t.Errorf("% x, %v", b, err)
	}
}

// "A client MUST close a connection if it detects a masked frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.1
func TestRFC6455ClientWantsNoMask(t *testing.T) {
	for _, s := range []string{"\x81\x80", "\x89\x85", "\x88\x82", "\x82\xfe"} {
		wantViolation(t, wire.Decoder{Role: wire.Client}, s, wire.ErrMasked, wire.StatusProtocolError)
	}
}

// "MUST be 0 unless an extension is negotiated that defines meanings for
// non-zero values."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ReservedBitsSent(t *testing.T) {
	h := wire.Header{Fin: true, Opcode: wire.OpText, RSV: wire.RSV1}
	wantSend(t, &wire.Encoder{}, h, "", wire.ErrReservedBits)
	wantSend(t, &wire.Encoder{RSV: wire.RSV2}, h, "", wire.ErrReservedBits)
	wantSend(t, &wire.Encoder{RSV: wire.RSV1}, h, "", 0)
}

// "If a nonzero value is received and none of the negotiated extensions defines
// the meaning of such a nonzero value, the receiving endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455ReservedBits(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	for _, s := range []string{
		"\xc1\x00", "\xa1\x00", "\x91\x00", "\xf1\x00", "\xc9\x00", "\x01\x00\xc0\x00",
	} {
		wantViolation(t, d, s, wire.ErrReservedBits, wire.StatusProtocolError)
	}
	d.RSV = wire.RSV1
	if got, err := readAll(&d, "\xc1\x01a"); err != nil || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

// "If an unknown opcode is received, the receiving endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455Opcodes(t *testing.T) {
	for _, op := range []string{
		"\x83", "\x84", "\x85", "\x86", "\x87", "\x8b", "\x8c", "\x8d", "\x8e", "\x8f",
	} {
		wantViolation(t, wire.Decoder{}, op, wire.ErrReservedOpcode, wire.StatusProtocolError)
	}
}

// "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the
// most significant bit MUST be 0) are the payload length."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455TopBit(t *testing.T) {
	d := wire.Decoder{Role: wire.Client, MaxMessage: -1}
	wantViolation(t, d, "\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", wire.ErrLengthTopBit,
		wire.StatusProtocolError)
	_, err := readAll(&d, "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff")
	if err != nil || d.Remaining() != 1<<63-1 {
		t.Errorf("the largest length: %v, Remaining is %d", err, d.Remaining())
	}
}

// "Note that in all cases, the minimal number of bytes MUST be used to encode the
// length, for example, the length of a 124-byte-long string can't be encoded as
// the sequence 126, 0, 124."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.2
func TestRFC6455MinimalLength(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	wantViolation(t, d, "\x81\x7e\x00\x7c", wire.ErrLengthNotMinimal, wire.StatusProtocolError)
	wantViolation(t, d, "\x81\x7f\x00\x00\x00\x00\x00\x00\xff\xff", wire.ErrLengthNotMinimal,
		wire.StatusProtocolError)
	for length, size := range map[int64]int{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10, 1<<63 - 1: 10} {
		if b := wire.AppendHeader(nil, wire.Header{Length: length}); len(b) != size {
			t.Errorf("the header for a length of %d has %d bytes, want %d", length, len(b), size)
		}
	}
}

// "A masked frame MUST have the field frame-masked set to 1, as defined in
// Section 5.2."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.3
func TestRFC6455MaskBit(t *testing.T) {
	b := wire.AppendHeader(nil, wire.Header{Opcode: wire.OpText, Masked: true, Key: [4]byte{1, 2, 3, 4}})
	if want := []byte{0x01, 0x80, 1, 2, 3, 4}; !bytes.Equal(b, want) {
		t.Errorf("% x", b)
	}
}

// "Control frames (see Section 5.5) MAY be injected in the middle of a fragmented
// message. Control frames themselves MUST NOT be fragmented."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ControlNotFragmented(t *testing.T) {
	for _, s := range []string{"\x09\x00", "\x0a\x01a", "\x08\x00", "\x01\x01a\x09\x00"} {
		wantViolation(t, wire.Decoder{Role: wire.Client}, s, wire.ErrControlFragmented,
			wire.StatusProtocolError)
	}
	wantSend(t, &wire.Encoder{}, wire.Header{Opcode: wire.OpPing}, "", wire.ErrControlFragmented)
}

// "Message fragments MUST be delivered to the recipient in the order sent by the
// sender."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455FragmentOrder(t *testing.T) {
	wantPieces(t, "\x01\x01a\x00\x01b\x00\x01c\x80\x01d", "text:a", "text:b", "text:c", "text:d.")
}

// "The fragments of one message MUST NOT be interleaved between the fragments of
// another message unless an extension has been negotiated that can interpret the
// interleaving."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455NoInterleaving(t *testing.T) {
	for _, s := range []string{"\x01\x01a\x81\x01b", "\x02\x01a\x02\x01b", "\x01\x01a\x00\x01b\x81\x01c"} {
		wantViolation(t, wire.Decoder{Role: wire.Client}, s, wire.ErrUnfinishedMessage,
			wire.StatusProtocolError)
	}
	var e wire.Encoder
	wantSend(t, &e, wire.Header{Opcode: wire.OpText}, "a", 0)
	wantSend(t, &e, wire.Header{Opcode: wire.OpBinary}, "b", wire.ErrUnfinishedMessage)
}

// "An endpoint MUST be capable of handling control frames in the middle of a
// fragmented message."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455ControlBetweenFragments(t *testing.T) {
	wantPieces(t, "\x01\x01a\x89\x04ping\x00\x01b\x8a\x04pong\x80\x01c",
		"text:a", "ping:ping.", "text:b", "pong:pong.", "text:c.")
}

// "Clients and servers MUST support receiving both fragmented and unfragmented
// messages."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455BothForms(t *testing.T) {
	wantPieces(t, "\x01\x03Hel\x80\x02lo\x81\x05Hello", "text:Hel", "text:lo.", "text:Hello.")
}

// "Since control frames cannot be fragmented, the type for all fragments in a
// message MUST be either text, binary, or one of the reserved opcodes."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.4
func TestRFC6455FragmentTypes(t *testing.T) {
	wantPieces(t, "\x02\x01a\x00\x01b\x80\x00", "binary:a", "binary:b", "binary:.")
	wantViolation(t, wire.Decoder{Role: wire.Client}, "\x80\x00", wire.ErrUnexpectedContinuation,
		wire.StatusProtocolError)
	wantSend(t, &wire.Encoder{}, wire.Header{Fin: true}, "", wire.ErrUnexpectedContinuation)
}

// "All control frames MUST have a payload length of 125 bytes or less and MUST
// NOT be fragmented."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5
func TestRFC6455ControlLength(t *testing.T) {
	longest := strings.Repeat("p", 125)
	wantPieces(t, "\x89\x7d"+longest, "ping:"+longest+".")
	for _, s := range []string{"\x89\x7e\x00\x7e", "\x8a\x7f", "\x88\x7e"} {
		wantViolation(t, wire.Decoder{Role: wire.Client}, s, wire.ErrControlTooLong, wire.StatusProtocolError)
	}
	wantSend(t, &wire.Encoder{}, wire.Header{Fin: true, Opcode: wire.OpPing}, longest, 0)
	wantSend(t, &wire.Encoder{}, wire.Header{Fin: true, Opcode: wire.OpPing}, longest+"p",
		wire.ErrControlTooLong)
}

// "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned
// integer (in network byte order) representing a status code with value /code/
// defined in Section 7.4."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455CloseBody(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	wantViolation(t, d, "\x88\x01\x03", wire.ErrClosePayload, wire.StatusProtocolError)
	wantViolation(t, d, "\x88\x02\xe8\x03", wire.ErrCloseCode, wire.StatusProtocolError)
	wantPieces(t, "\x88\x05\x03\xe8bye", "close:\x03\xe8bye.")
	if b, err := wire.AppendClose(nil, 1001, "bye"); string(b) != "\x03\xe9bye" || err != nil {
		t.Errorf("% x, %v", b, err)
	}
}

// "The application MUST NOT send any more data frames after sending a Close
// frame."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.5.1
func TestRFC6455NothingAfterClose(t *testing.T) {
	var e wire.Encoder
	wantSend(t, &e, wire.Header{Fin: true, Opcode: wire.OpClose}, "", 0)
	for _, op := range []wire.Opcode{wire.OpText, wire.OpBinary, wire.OpContinuation} {
		wantSend(t, &e, wire.Header{Fin: true, Opcode: op}, "", wire.ErrFrameAfterClose)
	}
	d := wire.Decoder{Role: wire.Client}
	if got, err := readAll(&d, "\x88\x00\x81\x01a"); err != io.EOF || len(got) != 1 {
		t.Errorf("%q, %v", got, err)
	}
}

// "Note that a particular text frame might include a partial UTF-8 sequence;
// however, the whole message MUST contain valid UTF-8."
// https://www.rfc-editor.org/rfc/rfc6455#section-5.6
func TestRFC6455WholeMessageIsText(t *testing.T) {
	wantPieces(t, "\x01\x02a\xe2\x00\x01\x82\x80\x02\xacb", "text:a\xe2", "text:\x82", "text:\xacb.")
	wantViolation(t, wire.Decoder{Role: wire.Client}, "\x01\x02a\xe2\x80\x01\x82", wire.ErrInvalidUTF8,
		wire.StatusInvalidPayload)
}

// "The opcode (frame-opcode) of the first frame containing the data MUST be set
// to the appropriate value from Section 5.2", "The FIN bit (frame-fin) of the last
// frame containing the data MUST be set to 1" and "If the data is being sent by
// the client, the frame(s) MUST be masked as defined in Section 5.3."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.1
func TestRFC6455Send(t *testing.T) {
	e := wire.Encoder{Role: wire.Client}
	b, _ := e.AppendFrame(nil, wire.Header{Opcode: wire.OpBinary, Key: [4]byte{1, 1, 1, 1}}, []byte{1})
	if !e.Open() {
		t.Error("Open is false within a message")
	}
	b, err := e.AppendFrame(b, wire.Header{Fin: true, Key: [4]byte{2, 2, 2, 2}}, []byte{2})
	const want = "\x02\x81\x01\x01\x01\x01\x00\x80\x81\x02\x02\x02\x02\x00"
	if string(b) != want || err != nil || e.Open() {
		t.Errorf("% x, %v, Open is %v, want % x", b, err, e.Open(), want)
	}
}

// "Upon receiving a data frame (Section 5.6), the endpoint MUST note the /type/ of
// the data as defined by the opcode (frame-opcode) from Section 5.2." and
// "Subsequent data frames MUST be interpreted as belonging to a new WebSocket
// message."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.2
func TestRFC6455Receive(t *testing.T) {
	wantPieces(t, "\x01\x01a\x80\x01b\x02\x01c\x80\x01d\x81\x01e", "text:a", "text:b.", "binary:c",
		"binary:d.", "text:e.")
}

// "A server MUST remove masking for data frames received from a client as
// described in Section 5.3."
// https://www.rfc-editor.org/rfc/rfc6455#section-6.2
func TestRFC6455Unmask(t *testing.T) {
	var d wire.Decoder
	got, err := readAll(&d, "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58")
	if err != nil || !slices.Equal(got, []string{"text:Hello."}) {
		t.Errorf("%q, %v", got, err)
	}
}

// "An endpoint MUST NOT continue to attempt to process data (including a
// responding Close frame) from the remote endpoint after being instructed to
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-7.1.7
func TestRFC6455NothingAfterFailure(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	_, _, first := d.Next([]byte("\x83\x00"))
	f, n, err := d.Next([]byte("\x88\x00"))
	if first == nil || err != first || n != 0 || f.Kind != wire.KindNone {
		t.Errorf("%v, then %+v, %d, %v", first, f, n, err)
	}
}

// "1005 is a reserved value and MUST NOT be set as a status code in a Close
// control frame by an endpoint." So are 1006 and 1015.
// https://www.rfc-editor.org/rfc/rfc6455#section-7.4.1
func TestRFC6455LocalCodes(t *testing.T) {
	for _, code := range []wire.StatusCode{1005, 1006, 1015} {
		payload := []byte{byte(code >> 8), byte(code)}
		if _, err := wire.AppendClose(nil, code, "why"); !errors.Is(err, wire.ErrCloseCode) {
			t.Errorf("AppendClose(%v): %v", code, err)
		}
		if _, _, err := wire.ConsumeClose(payload); !errors.Is(err, wire.ErrCloseCode) {
			t.Errorf("ConsumeClose(%v): %v", code, err)
		}
		wantSend(t, &wire.Encoder{}, wire.Header{Fin: true, Opcode: wire.OpClose}, string(payload),
			wire.ErrCloseCode)
	}
}

// "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte
// stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the
// WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-8.1
func TestRFC6455UTF8(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	for _, s := range []string{
		"\x81\x01\xff", "\x81\x02\xc3\x28", "\x81\x7e\x01\x00\xed\xa0", "\x88\x03\x03\xe8\x80",
	} {
		wantViolation(t, d, s, wire.ErrInvalidUTF8, wire.StatusInvalidPayload)
	}
}

// "If a value is received by either the client or the server during negotiation
// that does not conform to the ABNF below, the recipient of such malformed data
// MUST immediately _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
func TestRFC6455Extensions(t *testing.T) {
	for _, s := range []string{"a b", "a;", "a; b=", "a; b=c d", `a; b="c`, "a=b"} {
		if got, err := wire.ParseExtensions([]string{s}); !errors.Is(err, wire.ErrFieldSyntax) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

// "When using the quoted-string syntax variant, the value after quoted-string
// unescaping MUST conform to the 'token' ABNF."
// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
func TestRFC6455QuotedToken(t *testing.T) {
	got, err := wire.ParseExtensions([]string{`a; b="\c\d"`})
	if err != nil || len(got) != 1 || got[0].Params[0].Value != "cd" {
		t.Errorf("%v, %v", got, err)
	}
	for _, s := range []string{`a; b=""`, `a; b="c d"`, `a; b="c,d"`, `a; b="\""`} {
		if got, err := wire.ParseExtensions([]string{s}); !errors.Is(err, wire.ErrFieldSyntax) {
			t.Errorf("%q: %v, %v", s, got, err)
		}
	}
}

// "Implementations that have implementation- and/or platform-specific limitations
// regarding the frame size or total message size after reassembly from multiple
// frames MUST protect themselves against exceeding those limits."
// https://www.rfc-editor.org/rfc/rfc6455#section-10.4
func TestRFC6455Limits(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	wantViolation(t, d, "\x82\x7f\x10\x00\x00\x00\x00\x00\x00\x00", wire.ErrMessageTooBig,
		wire.StatusMessageTooBig)
	d.MaxMessage = 3
	wantViolation(t, d, "\x02\x02ab\x00\x01c\x00\x01d", wire.ErrMessageTooBig, wire.StatusMessageTooBig)
	d.MaxFrame = 2
	wantViolation(t, d, "\x02\x03abc", wire.ErrFrameTooBig, wire.StatusMessageTooBig)
}

// "Incoming data MUST always be validated by both clients and servers."
// https://www.rfc-editor.org/rfc/rfc6455#section-10.7
func TestRFC6455Validate(t *testing.T) {
	wantViolation(t, wire.Decoder{Role: wire.Client}, "\x81\x01\xff", wire.ErrInvalidUTF8,
		wire.StatusInvalidPayload)
	wantViolation(t, wire.Decoder{Role: wire.Server}, "\x81\x81\x00\x00\x00\x00\xff", wire.ErrInvalidUTF8,
		wire.StatusInvalidPayload)
}

// "Implementations of the decoding algorithm above MUST protect against decoding
// invalid sequences."
// https://www.rfc-editor.org/rfc/rfc3629#section-3
func TestRFC3629InvalidSequences(t *testing.T) {
	for _, s := range []string{"\xc0\x80", "\xed\xa1\x8c\xed\xbe\xb4", "\xf4\x90\x80\x80", "\xe2\x28\xa1"} {
		var u wire.UTF8
		if _, ok := u.Check([]byte(s)); ok {
			t.Errorf("%x is accepted", s)
		}
	}
}
