package suite

import (
	"bytes"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var (
	ruleOpaque = http9110("5.5", "SHOULD",
		"A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque data.")
)

func earlyRequestRows() []letterCase {
	const want = "The server fails the connection, with 1002, or it refuses the request. The client " +
		"should not have sent this before the response."
	behindRow := func(r report.Rule, what, mark string, tail func(s *script) string) letterCase {
		return letterCase{what, want, r, func(s *script) {
			raw := tail(s)
			s.put(s.compose(trailing(raw)), tempo{})
			s.opened(s.refusedEarly)
			s.markSent(0, len(raw), mark)
			s.notFrames()
		}}
	}
	field := func(what string, at int) letterCase {
		return letterCase{what, "The server passes over the field.", ruleOpaque, func(s *script) {
			s.ask(frameField(at, maskedInField, s.compose))
			s.suspect = nil
			s.opened(func(format string, args ...any) { s.refusedField(at, format, args...) })
			s.passedOver(ruleForms)
		}}
	}
	return []letterCase{
		behindRow(ruleReserved, "A second request comes together with the request. Once the first is "+
			"accepted, its bytes are frames.", "The second request, whose first byte has RSV1 set.",
			func(s *script) string {
				return string(s.compose())
			}),
		behindRow(ruleOpcode, "A further CR and LF come after the request. Once it is accepted, they are "+
			"the header of a frame.", "CR and LF, a frame with the opcode 13.",
			func(*script) string { return "\r\n" }),
		field("The value of a field has the bytes of a text frame.", 0),
		field("The value of a field has the bytes of a text frame, 4,096 bytes from the beginning of the "+
			"request.", 4096),
	}
}

// refusedEarly judges the refusal of a request that more came with. A client must not
// send that, so that a server may also drop TCP.
func (s *script) refusedEarly(format string, args ...any) {
	if s.status() == 0 {
		s.inform(format, args...)
	}
	s.refusedEither(format, args...)
}

// notFrames waits for a server to fail the connection because of what came after the
// request.
func (s *script) notFrames() {
	if len(s.rest) == 0 && !s.in.ended {
		s.read(time.Now().Add(doubtTime))
	}
	if bytes.HasPrefix(s.rest, []byte("HTTP/")) {
		s.lost = true
		line, _, _ := bytes.Cut(s.rest, []byte("\r\n"))
		s.rest = nil
		s.against(ruleParse,
			"The server took the bytes after the handshake for another request and answered it: %q.",
			report.Text(line))
	}
	g := s.reaction()
	if g.kind == gotPong {
		s.inform("The server passed over what came before its response, which a client must not send (RFC " +
			"6455, section 4.1).")
	}
	s.refusedAs(g, codeProtocolError)
}

// The bytes of a frame that the value of a field can have, since they are no control
// characters: a text message of 32 bytes from each side, and what it says.
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
			b[i] = '~' // what it says does not matter
		}
	}
	return "\x81\xa0" + fieldKey + string(b)
}()

// frameField adds a field whose value has a frame in it, which stands at a place of the
// whole head if that is not 0.
func frameField(at int, raw string, compose func(...edit) []byte) edit {
	line := func(n int) edit { return add("X-Frame: " + strings.Repeat("x", n) + raw + "x") }
	if at == 0 {
		return line(0)
	}
	return line(max(0, at-bytes.Index(compose(line(0)), []byte(raw))))
}

// refusedField judges the refusal of a request with such a field. A server may refuse one
// that is too large for it, whatever it says.
func (s *script) refusedField(at int, format string, args ...any) {
	harmless := func(o *script) {
		o.ask(frameField(at, strings.Repeat("x", len(maskedInField)), o.compose))
		o.opened(o.fail)
	}
	if code := s.status(); at > 0 && code >= 400 && code < 500 && !s.manages(harmless) {
		s.res.Aside = &report.Aside{Text: "The limit is the server's own.", Rule: ruleLarge}
		s.verdict(report.OK, "The server takes no field of this size, whatever its value: %s.", s.reply.line)
	}
	s.broke(format, args...)
}

// passedOver checks that the peer has passed over a field that has a frame in it. The rule
// is broken by one that returns no message at all.
func (s *script) passedOver(r report.Rule) {
	s.sendMessage(wire.OpText, []byte("Hello"))
	switch g := s.next(s.o.HandshakeTimeout); {
	case g.kind == gotMessage && string(g.data) == "Hello":
	case g.kind == gotMessage:
		s.against(ruleParse, "The peer took the bytes of the field for a frame: %s came, %q.", g.words(),
			report.Text(g.data))
	default:
		s.expectedInstead(g, r, "a message")
	}
}
