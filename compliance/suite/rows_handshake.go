package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// refuses returns a case with a request that a server has to answer with an error code.
func refuses(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server returns an HTTP error code.", r, func(s *script) {
		s.ask(edits...)
		s.refusedRequest(false)
	}}
}

// mayRefuse returns a case with a request that a server may refuse. The rule says why it may also accept it.
func mayRefuse(r report.Rule, what string, edits ...edit) letterCase {
	c := refuses(r, what, edits...)
	c.want = "The server returns an HTTP error code. No RFC requires that, so it may also accept the request."
	return c
}

// ignores returns a case with a request that need not be an opening handshake. The server must not upgrade.
func ignores(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The server does not upgrade the connection. It may answer this as a plain HTTP request.",
		r, func(s *script) {
			s.ask(edits...)
			s.refusedRequest(true)
		}}
}

// unreadable returns a case with a request that breaks the grammar of HTTP. Rule r says how a server
// should respond. A server that accepts the request breaks the rule in accepted.
func unreadable(r, accepted report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server responds with 400 or another HTTP error code.", r, func(s *script) {
		s.ask(edits...)
		kind := s.answer(s.o.HandshakeTimeout)
		switch code := s.status(); {
		case kind == replyNothing:
			s.against(part(""), "The server did not respond in time.")
		case kind == replyEOF:
			s.broke("The server should have responded with 400, but dropped TCP.")
		case code == 101, strings.HasPrefix(s.reply.line, "HTTP/0.9 101"):
			s.against(accepted, "The server accepted it.")
		case code == 0:
			s.broke("The server should have responded with 400, but responded without a status line: %q.",
				report.Text([]byte(s.reply.line)))
		case code == 301:
			s.setVerdict(report.OK, "The server redirected it: %s.", s.reply.line)
		case code < 400:
			s.broke("The server should have responded with 400, but responded with %q.", s.reply.line)
		default:
			s.refusedStatus(true)
		}
	}}
}

// accepts returns a case with a request that a server has to accept.
func accepts(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server accepts it and returns a message.", r, func(s *script) {
		s.ask(edits...)
		s.opened(s.broke)
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// either returns a case with a request that a server may accept or refuse. If the server accepts it and
// the connection works, the verdict is the one in accepted.
func either(r report.Rule, accepted report.Verdict, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The server accepts it, and the connection works; or it returns an HTTP error code.", r,
		func(s *script) {
			s.ask(edits...)
			s.opened(s.refusedEither)
			s.echo(wire.OpText, []byte("Hello"))
			s.setVerdict(accepted, "The server accepted it.")
		}}
}

// refusedEither sets the verdict on the refusal of a request that a server may refuse.
func (s *script) refusedEither(string, ...any) {
	switch code := s.status(); {
	case code == 0:
		s.against(ruleStatus, "The server dropped TCP without a response.")
	case code < 400:
		s.ignoredUpgrade()
	}
	s.refusedStatus(false)
	panic(stop{})
}

// refusedOpenly sets the verdict on the refusal of a valid request that a server need not accept.
func (s *script) refusedOpenly(format string, args ...any) {
	if s.status() == 0 {
		s.against(ruleStatus, "The server dropped TCP without a response.")
	}
	s.inform(format, args...)
}

// ignoredUpgrade ends the script because a server answered the request as plain HTTP.
func (s *script) ignoredUpgrade() {
	s.against(ruleIgnore,
		"The server did not upgrade the connection, but answered the request as plain HTTP: %s.",
		s.reply.line)
}

// refusedRequest waits for the server to refuse a request. For ordinary, see refusedStatus.
func (s *script) refusedRequest(ordinary bool) {
	switch s.answer(s.o.HandshakeTimeout) {
	case replyEOF:
		s.against(ruleStatus, "The server dropped TCP instead of returning an HTTP error code.")
	case replyNothing:
		s.against(part(""), "The server did not respond in time.")
	}
	s.refusedStatus(ordinary)
}

// refusedStatus sets the verdict on the status of a refusal. If ordinary is true, the server may answer
// the request as plain HTTP.
func (s *script) refusedStatus(ordinary bool) {
	switch code := s.status(); {
	case code == 0:
		s.against(ruleGenerate, "The response does not begin with a status line of HTTP/1.1 but with %q.",
			report.Text([]byte(s.reply.line)))
	case code == 101:
		s.broke("The server accepted it.")
	case code == 500 && (ordinary || ofWebSocket(s.c.Rule)):
		s.setVerdict(report.Informational,
			"The server refused it with 500, which means that the server itself failed.")
	case code >= 400 && code != 500, ordinary && code >= 200:
		s.setVerdict(report.OK, "The server refused it: %s.", s.reply.line)
	case code >= 200 && ofWebSocket(s.c.Rule):
		s.ignoredUpgrade()
	case code == 500:
		s.broke("The server refused it with 500, which means that the server itself failed. A 4xx code " +
			"would be right.")
	default:
		s.broke("The server did not accept it, but answered %q, which is not an error code.", s.reply.line)
	}
}
