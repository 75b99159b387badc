package suite

import (
	"fmt"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func subprotocolRows() []letterCase {
	empty := rule("4.2.2", "", "The empty string is not the same as the null value for these purposes and "+
		"is not a legal value for this field.")
	offers := func(r report.Rule, what string, must bool, lines ...string) letterCase {
		want := "The server chooses one of them, or none. It may refuse a client whose subprotocols it " +
			"does not know."
		if !must {
			want = "The server chooses one of them, or none; or it returns an HTTP error code."
		}
		return letterCase{what, want, r, func(s *script) {
			refused := s.refusedEither
			if must {
				refused = s.refusedOpenly // the server may require one that it knows
			}
			s.ask(add(lines...))
			s.suspect = nil
			s.opened(refused)
			s.echo(wire.OpText, []byte("Hello"))
			s.setVerdict(report.OK, "The server chose %q.", s.reply.fields.Values("Sec-Websocket-Protocol"))
		}}
	}
	const f = "Sec-WebSocket-Protocol: "
	return []letterCase{
		offers(ruleProtocol, "No subprotocol is offered.", true),
		offers(ruleProtocol, "One subprotocol is offered.", true, f+"wscheck.example"),
		offers(ruleProtocol, "Three subprotocols are offered in one field.", true,
			f+"wscheck.one, chat,superchat"),
		offers(ruleProtocol, "Three subprotocols are offered in three fields.", true, f+"wscheck.one",
			f+"chat", f+"superchat"),
		offers(ruleProtocol, "Two subprotocols that differ only in case are offered.", true, f+"CHAT, Chat"),
		offers(ruleProtocol, "A subprotocol is offered twice, which a client must not do.", false,
			f+"chat, chat"),
		offers(empty, "The list of subprotocols is empty.", false, "Sec-WebSocket-Protocol:"),
		offers(empty, "The list of subprotocols has empty elements.", false, f+", chat,,"),
		offers(ruleProtocol, "The offered subprotocol is not a token.", false, f+"a b/c"),
		offers(ruleProtocol, "A hundred subprotocols are offered.", true, f+manyTokens(100)),
	}
}

// manyTokens returns a list of n tokens.
func manyTokens(n int) string {
	list := "p0"
	for i := 1; i < n; i++ {
		list += ", p" + string(rune('0'+i%10)) + "x" + string(rune('a'+i/10))
	}
	return list
}

// responseRow returns a case on one rule for the response to a valid request. wrong says what is wrong
// with the response, or returns "".
func responseRow(r report.Rule, what string, wrong func(s *script) (why string)) letterCase {
	return letterCase{what, "The response is right, and the connection works.", r, func(s *script) {
		s.ask()
		switch s.answer(s.o.HandshakeTimeout) {
		case replyEOF:
			s.against(ruleOpening, "The server dropped TCP without a response.")
		case replyNothing:
			s.against(ruleOpening, "The server did not respond in time.")
		}
		if code := s.status(); code != 0 && code != 101 {
			s.unopened("The server refused the upgrade: %s.", s.reply.line)
		}
		if why := wrong(s); why != "" {
			s.broke("%s.", why)
		}
		if b := checkUpgrade(s.reply, s.key, s.request); b.why != "" {
			s.against(b.rule, "The response is invalid: %s.", b.why)
		}
		s.establish()
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// lacks returns a check that the response has none of the fields.
func lacks(names ...string) func(*script) string {
	return func(s *script) string {
		for _, name := range names {
			if v := s.reply.fields.Values(name); len(v) > 0 {
				return name + " is " + quoted(v)
			}
		}
		return ""
	}
}

// responseRows are about the response to a valid request.
func responseRows() []letterCase {
	f := func(s *script, name string) []string { return s.reply.fields.Values(name) }
	return []letterCase{
		responseRow(stepStatus, "The response is HTTP/1.1 101.", func(s *script) string {
			if s.status() != 101 {
				return "The first line is " + quoted([]string{s.reply.line})
			}
			if s.reply.line[:8] != "HTTP/1.1" {
				s.against(ruleHighest, "The first line is %q, but should begin with HTTP/1.1.", s.reply.line)
			}
			return ""
		}),
		responseRow(stepUpgrade, "The response has one Upgrade field with the value websocket.",
			func(s *script) string {
				if v := f(s, "Upgrade"); len(v) != 1 || !wire.HasToken(v, "websocket") {
					return "Upgrade is " + quoted(v)
				}
				return ""
			}),
		responseRow(stepConnection, "The response has a Connection field with the token Upgrade.",
			func(s *script) string {
				if v := f(s, "Connection"); !wire.HasToken(v, "upgrade") {
					return "Connection is " + quoted(v)
				}
				return ""
			}),
		responseRow(stepAccept, "The response has one Sec-WebSocket-Accept field, which matches the key.",
			func(s *script) string {
				if v := f(s, "Sec-Websocket-Accept"); len(v) != 1 || v[0] != wire.AcceptKey(s.key) {
					return "Sec-WebSocket-Accept is " + quoted(v) + ", not " + wire.AcceptKey(s.key)
				}
				return ""
			}),
		responseRow(ruleListed, "The response has no extensions, since none was offered.",
			func(*script) string { return "" }), // checkUpgrade checks that
		responseRow(rule("4.2.2", "MUST",
			"The absence of such a field is equivalent to the null value (meaning that if the server does "+
				"not wish to agree to one of the suggested subprotocols, it MUST NOT send back a "+
				"|Sec-WebSocket-Protocol| header field in its response)."),
			"The response has no subprotocol, since none was offered.", lacks("Sec-Websocket-Protocol")),
		responseRow(http9110("8.6", "MUST", "A server MUST NOT send a Content-Length header field in any "+
			"response with a status code of 1xx (Informational) or 204 (No Content)."),
			"The response has no Content-Length.", lacks("Content-Length")),
		responseRow(http9112("6.1", "MUST",
			"A server MUST NOT send a Transfer-Encoding header field in any response with a status code "+
				"of 1xx (Informational) or 204 (No Content)."),
			"The response has no Transfer-Encoding.", lacks("Transfer-Encoding")),
		{"Two connections have different keys.", "Each response has the Sec-WebSocket-Accept of its key.",
			stepAccept, func(s *script) {
				s.open()
				s.other(func(o *script) {
					o.open()
					o.echo(wire.OpText, []byte("two"))
				})
				s.echo(wire.OpText, []byte("one"))
			}},
		responseRow(ruleGenerate, "The response follows the grammar of HTTP.", func(s *script) string {
			return headWrong(s.res.HTTPResponse)
		}),
	}
}

// headWrong says which line of a head is not a valid field (RFC 9112, section 5). It returns "" if all
// lines are valid.
func headWrong(raw string) string {
	for i, line := range strings.Split(strings.TrimSuffix(raw, "\r\n\r\n"), "\r\n") {
		name, value, ok := strings.Cut(line, ":")
		switch {
		case strings.ContainsAny(line, "\r\n\x00"):
			return fmt.Sprintf("Line %d, %q, has a byte that is not allowed in a line", i+1,
				report.Text([]byte(line)))
		case i == 0:
		case line != "" && (line[0] == ' ' || line[0] == '\t'):
			return fmt.Sprintf("Line %d, %q, is folded", i+1, report.Text([]byte(line)))
		case !ok:
			return fmt.Sprintf("Line %d, %q, has no colon", i+1, report.Text([]byte(line)))
		case !wire.IsToken(name):
			return fmt.Sprintf("Line %d, %q, has a name that is not a token", i+1, report.Text([]byte(line)))
		case strings.ContainsFunc(value, func(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }):
			return fmt.Sprintf("Line %d, %q, has a control character", i+1, report.Text([]byte(line)))
		}
	}
	return ""
}

func quoted(values []string) string {
	if len(values) == 0 {
		return "missing"
	}
	list := ""
	for i, v := range values {
		if i > 0 {
			list += " and "
		}
		list += `"` + report.Text([]byte(v)) + `"`
	}
	return list
}
