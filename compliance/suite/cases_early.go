package suite

import (
	"bytes"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

var (
	ruleOpaque  = http9110("5.5", "SHOULD", "A recipient SHOULD treat other allowed octets in field content (i.e., obs-text) as opaque data.")
	ruleNonzero = rule("5.2", "MUST", "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_.")
)

// ---- in and after a request -----------------------------------------------

func besideRequestRows() []letterCase {
	const want = "The server fails the connection, with 1002, or it refuses the request. The client should not have sent this before the response."
	behindRow := func(r report.Rule, what, mark string, tail func(s *script) string) letterCase {
		return letterCase{what, want, r, func(s *script) {
			raw := tail(s)
			s.put(s.compose(behind(raw)), tempo{})
			s.opened(s.refusedEarly)
			s.mark(0, len(raw), mark)
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
		behindRow(ruleNonzero, "A second request comes together with the request. Once the first is accepted, its bytes are frames.", "The second request, whose first byte has RSV1 set.", func(s *script) string {
			return string(s.compose())
		}),
		behindRow(ruleOpcode, "A further CR and LF come after the request. Once it is accepted, they are the header of a frame.", "CR and LF, a frame with the opcode 13.", func(*script) string { return "\r\n" }),
		field("The value of a field has the bytes of a text frame.", 0),
		field("The value of a field has the bytes of a text frame, 4,096 bytes from the beginning of the request.", 4096),
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
		s.against(ruleParse, "The server took the bytes after the handshake for another request and answered it: %q.", report.Text(line))
	}
	g := s.reaction()
	if g.kind == gotPong {
		s.inform("The server passed over what came before its response, which a client must not send (RFC 6455, section 4.1).")
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
		s.against(ruleParse, "The peer took the bytes of the field for a frame: %s came, %q.", g.words(), report.Text(g.data))
	default:
		s.expectedInstead(g, r, "a message")
	}
}

// ---- in and after a response ----------------------------------------------

// secondResponse has the 86 bytes of the frame that it is.
const secondResponse = "HTTP/1.1 200 OK\r\nServer: " + userAgent + "\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\n\r\nHello"

func besideResponseRows() []letterCase {
	behindRow := func(r report.Rule, what, mark, tail string) letterCase {
		return letterCase{what, "The client fails the connection, with 1002.", r, func(s *script) {
			s.open(behind(tail))
			s.mark(0, len(tail), mark)
			s.refused(codeProtocolError)
		}}
	}
	field := func(what string, at int) letterCase {
		return letterCase{what, "The client passes over the field.", ruleOpaque, func(s *script) {
			s.asked()
			s.respond(frameField(at, unmaskedInField, s.composeReply))
			s.suspect = nil
			s.establish()
			s.passedOver(ruleOpaque) // it may have refused the response for the field
		}}
	}
	return []letterCase{
		behindRow(ruleNonzero, "A second response comes together with the response. Its bytes are frames.", "The second response, whose first byte has RSV1 set.", secondResponse),
		behindRow(ruleOpcode, "A further CR and LF come after the response. They are the header of a frame.", "CR and LF, a frame with the opcode 13.", "\r\n"),
		field("The value of a field has the bytes of a text frame.", 0),
		field("The value of a field has the bytes of a text frame, 4,096 bytes from the beginning of the response.", 4096),
	}
}

// ---- extensions ------------------------------------------------------------

// ruleSameBit is ruleBits with what a client has to do.
var ruleSameBit = rule7692("5", "A server MUST NOT accept a PMCE extension negotiation offer together with another extension if the PMCE will conflict with the extension on their use of the RSV1 bit. A client that received a response accepting a PMCE extension negotiation offer together with such an extension MUST _Fail the WebSocket Connection_.")

// sameBitRows offer extensions that cannot be in use together: all of them set RSV1.
func sameBitRows() []letterCase {
	row := func(what string, fields ...string) letterCase {
		return letterCase{what, "The server accepts one of them, or none.", ruleBits, func(s *script) {
			var lines []string
			for _, f := range fields {
				lines = append(lines, "Sec-WebSocket-Extensions: "+f)
			}
			s.ask(add(lines...))
			s.opened(s.refusedOpenly)
			a := s.negotiated()
			answers, _ := parseExtensions(s.reply.fields.Values("Sec-Websocket-Extensions")) // negotiated has read it
			s.oneOfThem(a, answers)
		}}
	}
	const pd, webkit = extensionName, "x-webkit-deflate-frame"
	return []letterCase{
		row("permessage-deflate and x-webkit-deflate-frame are offered, which both use RSV1.", pd+", "+webkit),
		row("x-webkit-deflate-frame and permessage-deflate are offered, which both use RSV1.", webkit+", "+pd),
		row("permessage-deflate and permessage-bzip2 are offered, which both use RSV1.", pd+", permessage-bzip2"),
		row("permessage-deflate is offered twice, with different parameters.", pd+"; client_max_window_bits, "+pd),
		row("permessage-deflate and deflate-frame are offered in two fields, which both use RSV1.", pd, "deflate-frame"),
	}
}

// oneOfThem judges which of several extensions a server has accepted.
func (s *script) oneOfThem(a answer, answers []wire.ExtensionSpec) {
	switch {
	case len(answers) > 1:
		s.broke("The server accepted %d extensions that use RSV1, by %q.", len(answers), s.reply.fields.Values("Sec-Websocket-Extensions"))
	case len(answers) == 0:
		s.suspect = nil
		s.echo(wire.OpText, []byte("Hello"))
		s.saw(report.OK, "The server accepted none of them.")
		return
	}
	s.suspect = nil
	if answers[0].Name != extensionName {
		s.saw(report.OK, "The server accepted %s, which the suite does not speak.", answers[0].Name)
		return
	}
	s.agree(a.deflateParams)
	s.echo(wire.OpText, []byte("Hello"))
	s.saw(report.OK, "The server accepted permessage-deflate alone.")
}

// sameBitReplyRow is an answer that accepts two such extensions. It is wrong, too, to a
// client that has not offered both.
func sameBitReplyRow(unoffered report.Rule) letterCase {
	const second = "x-webkit-deflate-frame"
	return letterCase{"permessage-deflate and x-webkit-deflate-frame, which both use RSV1.", "The client drops TCP and takes no message.", ruleSameBit, func(s *script) {
		s.asked()
		offers, _ := wire.ParseExtensions(s.request.fields.Values("Sec-Websocket-Extensions"))
		r := ruleSameBit
		for _, name := range []string{extensionName, second} {
			if !slices.ContainsFunc(offers, func(o wire.ExtensionSpec) bool { return o.Name == name }) {
				r = unoffered
			}
		}
		s.respond(add("Sec-WebSocket-Extensions: " + extensionName + ", " + second))
		s.refusedReply(r, false)
	}}
}
