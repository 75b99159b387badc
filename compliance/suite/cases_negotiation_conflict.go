package suite

import (
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// ruleSameBit is ruleBits and the corresponding rule for clients.
var ruleSameBit = rule7692("5", "A server MUST NOT accept a PMCE extension negotiation offer together "+
	"with another extension if the PMCE will conflict with the extension on their use of the RSV1 bit. A "+
	"client that received a response accepting a PMCE extension negotiation offer together with such an "+
	"extension MUST _Fail the WebSocket Connection_.")

// sameBitRows offer extensions that cannot be used together, because all of them use RSV1.
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
			// negotiated has already reported errors
			answers, _ := parseExtensions(s.reply.fields.Values("Sec-Websocket-Extensions"))
			s.oneOfThem(a, answers)
		}}
	}
	const pd, webkit = extensionName, "x-webkit-deflate-frame"
	return []letterCase{
		row("permessage-deflate and x-webkit-deflate-frame are offered, which both use RSV1.",
			pd+", "+webkit),
		row("x-webkit-deflate-frame and permessage-deflate are offered, which both use RSV1.",
			webkit+", "+pd),
		row("permessage-deflate and permessage-bzip2 are offered, which both use RSV1.",
			pd+", permessage-bzip2"),
		row("permessage-deflate is offered twice, with different parameters.",
			pd+"; client_max_window_bits, "+pd),
		row("permessage-deflate and deflate-frame are offered in two fields, which both use RSV1.", pd,
			"deflate-frame"),
	}
}

// oneOfThem sets the verdict, depending on which of several extensions a server has accepted.
func (s *script) oneOfThem(a answer, answers []wire.ExtensionSpec) {
	switch {
	case len(answers) > 1:
		s.broke("The server accepted %d extensions that use RSV1: it answered %q.", len(answers),
			s.reply.fields.Values("Sec-Websocket-Extensions"))
	case len(answers) == 0:
		s.suspect = nil
		s.echo(wire.OpText, []byte("Hello"))
		s.setVerdict(report.OK, "The server accepted none of them.")
		return
	}
	s.suspect = nil
	if answers[0].Name != extensionName {
		s.setVerdict(report.OK, "The server accepted %s, which the suite does not support.", answers[0].Name)
		return
	}
	s.agree(a.deflateParams)
	s.echo(wire.OpText, []byte("Hello"))
	s.setVerdict(report.OK, "The server accepted permessage-deflate alone.")
}

// sameBitReplyRow returns a case with an answer that accepts two extensions that use the same bit. If the
// client has not offered both, the answer breaks the rule in unoffered.
func sameBitReplyRow(unoffered report.Rule) letterCase {
	const second = "x-webkit-deflate-frame"
	return letterCase{"permessage-deflate and x-webkit-deflate-frame, which both use RSV1.",
		"The client drops TCP and accepts no message.", ruleSameBit, func(s *script) {
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
