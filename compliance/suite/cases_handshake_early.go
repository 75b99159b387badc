package suite

import (
	"bytes"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var ruleOpaque = http9110("5.5", "SHOULD",
	"A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque data.")

// earlyRequestRows send bytes after a request, or the bytes of a frame within it.
func earlyRequestRows() []letterCase {
	const want = "The server fails the connection with 1002, or it refuses the request. The client should " +
		"not have sent this before the response."
	afterRow := func(r report.Rule, what, mark string, tail func(s *script) string) letterCase {
		return letterCase{what, want, r, func(s *script) {
			raw := tail(s)
			s.put(s.compose(trailing(raw)), tempo{})
			s.opened(s.refusedEarly)
			s.markSent(0, len(raw), mark)
			s.notFrames()
		}}
	}
	field := func(what string, at int) letterCase {
		return letterCase{what, "The server ignores the field.", ruleOpaque, func(s *script) {
			s.ask(frameField(at, maskedInField, s.compose))
			s.suspect = nil
			s.opened(func(format string, args ...any) { s.refusedField(at, format, args...) })
			s.passedOver(ruleForms)
		}}
	}
	return []letterCase{
		afterRow(ruleReserved, "A second request is sent together with the request. Once the first is "+
			"accepted, the bytes of the second are frames.",
			"The second request, whose first byte has RSV1 set.",
			func(s *script) string {
				return string(s.compose())
			}),
		afterRow(ruleOpcode, "Another CR and LF are sent after the request. Once it is accepted, they are "+
			"the header of a frame.", "CR and LF, which are a frame with opcode 13.",
			func(*script) string { return "\r\n" }),
		field("The value of a field has the bytes of a text frame.", 0),
		field("The value of a field has the bytes of a text frame, 4,096 bytes after the beginning of the "+
			"request.", 4096),
	}
}

// refusedEarly sets the verdict on the refusal of a request with bytes after it. Since a client must
// not send them, a server may also drop TCP.
func (s *script) refusedEarly(format string, args ...any) {
	if s.status() == 0 {
		s.inform(format, args...)
	}
	s.refusedEither(format, args...)
}

// notFrames waits for a server to fail the connection because of the bytes after the request.
func (s *script) notFrames() {
	if len(s.rest) == 0 && !s.in.ended {
		s.read(time.Now().Add(doubtTime))
	}
	if bytes.HasPrefix(s.rest, []byte("HTTP/")) {
		s.lost = true
		line, _, _ := bytes.Cut(s.rest, []byte("\r\n"))
		s.rest = nil
		s.against(ruleParse,
			"The server treated the bytes after the handshake as another request and answered it: %q.",
			report.Text(line))
	}
	g := s.reaction()
	if g.kind == gotPong {
		s.inform("The server ignored what was sent before its response. A client must not send it (RFC " +
			"6455, section 4.1).")
	}
	s.refusedAs(g, codeProtocolError)
}

// The bytes of a text frame of 32 bytes, unmasked and masked, that can be in the value of a field,
// because they are not control characters.
const (
	inField         = "bytes of a field, not of a frame"
	unmaskedInField = "\x81\x20" + inField
	fieldKey        = "!!!!"
)

var maskedInField = func() string {
	b := []byte(inField)
	wire.Mask(b, [4]byte([]byte(fieldKey)), 0)
	for i := range b {
		if b[i] < ' ' || b[i] == 0x7f {
			b[i] = '~' // the text does not matter
		}
	}
	return "\x81\xa0" + fieldKey + string(b)
}()

// frameField adds a field with a frame in its value. If at is not 0, the frame begins at bytes after the
// beginning of the head.
func frameField(at int, raw string, compose func(...edit) []byte) edit {
	line := func(n int) edit { return add("X-Frame: " + strings.Repeat("x", n) + raw + "x") }
	if at == 0 {
		return line(0)
	}
	return line(max(0, at-bytes.Index(compose(line(0)), []byte(raw))))
}

// refusedField sets the verdict on the refusal of a request with the field of frameField. A server may
// refuse a field that is too large for it, whatever the value.
func (s *script) refusedField(at int, format string, args ...any) {
	harmless := func(o *script) {
		o.ask(frameField(at, strings.Repeat("x", len(maskedInField)), o.compose))
		o.opened(o.fail)
	}
	if code := s.status(); at > 0 && code >= 400 && code < 500 && !s.passes(harmless) {
		s.res.Aside = &report.Aside{Text: "The limit is the server's own.", Rule: ruleLarge}
		s.verdict(report.OK, "The server does not accept a field of this size, whatever its value: %s.",
			s.reply.line)
	}
	s.broke(format, args...)
}

// passedOver checks that the peer has ignored the field of frameField. If the peer does not return a
// message, it breaks rule r.
func (s *script) passedOver(r report.Rule) {
	s.sendMessage(wire.OpText, []byte("Hello"))
	switch g := s.next(s.o.HandshakeTimeout); {
	case g.kind == gotMessage && string(g.data) == "Hello":
	case g.kind == gotMessage:
		s.against(ruleParse, "The peer treated the bytes of the field as a frame; got %s, %q.", g.words(),
			report.Text(g.data))
	default:
		s.expectedInstead(g, r, "a message")
	}
}
