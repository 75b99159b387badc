package suite

import (
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// The rules of fieldRows.
var (
	ruleHosts = http9112("3.2", "MUST", "A server MUST respond with a 400 (Bad Request) status code to "+
		"any HTTP/1.1 request message that lacks a Host header field and to any request message that "+
		"contains more than one Host header field line or a Host header field with an invalid field value.")
	ruleUnknownField = http9110("5.1", "SHOULD",
		"Other recipients SHOULD ignore unrecognized header and trailer fields.")
	ruleFieldNames = interpret("Section 5.1",
		"Field names are case-insensitive and ought to be registered within the \"Hypertext Transfer "+
			"Protocol (HTTP) Field Name Registry\"; see Section 16.3.1.")
	ruleFieldSpaces = http9110("5.5", "MUST",
		"When a specific version of HTTP allows such whitespace to appear in a message, a field parsing "+
			"implementation MUST exclude such whitespace prior to evaluating the field value.")
	ruleBodyLength = http9112("6.3", "", "If a valid Content-Length header field is present without "+
		"Transfer-Encoding, its decimal value defines the expected message body length in octets.")
	ruleBody    = interpret("RFC 9112, section 6.3,", ruleBodyLength.Text)
	ruleChunked = http9112("7.1", "MUST",
		"A recipient MUST be able to parse and decode the chunked transfer coding.")
	ruleRequestGrammar = http9112("2.2", "SHOULD",
		"When a server listening only for HTTP request messages, or processing what appears from the "+
			"start-line to be an HTTP request message, receives a sequence of octets that does not match "+
			"the HTTP-message grammar aside from the robustness exceptions listed above, the server "+
			"SHOULD respond with a 400 (Bad Request) response and close the connection.")
	ruleColon = http9112("5.1", "MUST", "A server MUST reject, with a response status code of 400 (Bad "+
		"Request), any received request message that contains whitespace between a header field name and "+
		"colon.")
	ruleFolded = http9112("5.2", "MUST", `A server that receives an obs-fold in a request message that is `+
		`not within a "message/http" container MUST either reject the message by sending a 400 (Bad `+
		`Request), [...] or replace each received obs-fold with one or more SP octets prior to `+
		`interpreting the field value or forwarding the message downstream.`)
	ruleOrigin = rule("4.2.2", "MUST", "If the server does not validate the origin, it will accept "+
		"connections from anywhere. If the server does not wish to accept this connection, it MUST return "+
		"an appropriate HTTP error code (e.g., 403 Forbidden) and abort the WebSocket handshake described "+
		"in this section.")
)

func fieldRows() []letterCase {
	rows := []letterCase{
		refuses(ruleHosts, "There is no Host.", set("Host")),
		refuses(ruleHosts, "There are two Host fields.", set("Host", "Host: {host}", "Host: example.com")),
		accepts(ruleUnknownField, "There are unknown fields.",
			add("X-Unknown: 1", "X-Empty:", "Another_One!: \x80\xff", "Cookie: a=b")),
		accepts(ruleFieldNames, "The field names are in lower case.",
			set("Upgrade", "upgrade: websocket"),
			set("Connection", "connection: Upgrade"),
			set("Host", "host: {host}"), set("Sec-WebSocket-Key", "sec-websocket-key: {key}"),
			set("Sec-WebSocket-Version", "sec-websocket-version: 13")),
		accepts(ruleFieldNames, "The field names are in upper case.",
			set("Upgrade", "UPGRADE: websocket"),
			set("Connection", "CONNECTION: Upgrade"),
			set("Host", "HOST: {host}"), set("Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY: {key}"),
			set("Sec-WebSocket-Version", "SEC-WEBSOCKET-VERSION: 13")),
		accepts(ruleFieldSpaces, "Some values have no space before them, others several.",
			set("Upgrade", "Upgrade:websocket"),
			set("Connection", "Connection: \t  Upgrade\t "),
			set("Sec-WebSocket-Version", "Sec-WebSocket-Version:13  ")),
		refuses(ruleColon, "There is a space before a colon.", set("Upgrade", "Upgrade : websocket")),
		unreadable(ruleRequestGrammar, ruleRequestGrammar, "There is a space within a field name.",
			add("X Unknown: 1")),
		unreadable(ruleRequestGrammar, ruleRequestGrammar, "A line has no colon.", add("Nonsense")),
		either(ruleFolded, report.OK, "The value of a field is folded.", add("X-Folded: one,\r\n two")),
		either(ruleFolded, report.OK, "The Upgrade field is folded.",
			set("Upgrade", "Upgrade:\r\n websocket")),
		either(ruleOrigin, report.Informational, "Origin is the server itself.",
			add("Origin: {scheme}://{host}")),
		either(ruleOrigin, report.Informational, "Origin is another server.",
			add("Origin: http://example.com")),
		either(ruleOrigin, report.Informational, "Origin is null.", add("Origin: null")),
		accepts(ruleBodyLength, "The request says that it has no body.", add("Content-Length: 0")),
		bodyRow(ruleBody, "The request has a body.", add("Content-Length: 5"), trailing("hello")),
		bodyRow(ruleChunked, "The request has a chunked body.", add("Transfer-Encoding: chunked"),
			trailing("5\r\nhello\r\n0\r\n\r\n")),
		either(ruleLarge, report.OK, "A field has 70,000 bytes.",
			add("X-Long: "+strings.Repeat("x", 70000))),
		either(ruleLarge, report.OK, "There are 3,000 fields.",
			add(slices.Repeat([]string{"X-Many: 0123456789"}, 3000)...)),
	}
	return append(rows, oversizedRow(),
		bodyRow(ruleChunked, "The request has an empty chunked body, as some proxies send it.",
			add("Transfer-Encoding: chunked"), trailing("0\r\n\r\n")))
}

var ruleLarge = http9110("5.4", "MUST",
	"A server that receives a request header field line, field value, or set of fields larger than it "+
		"wishes to process MUST respond with an appropriate 4xx (Client Error) status code.")

const ruleLong = "Recipients ought to carefully limit the extent to which they process other protocol " +
	"elements, including (but not limited to) request methods, response status phrases, field names, " +
	"numeric values, and chunk lengths."

// bodyRow returns a case with a request that has a body. A server may refuse it, but must not treat the
// body as frames, because that allows request smuggling.
func bodyRow(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The server returns an HTTP error code; or it accepts, and the frames begin after the body.", r,
		func(s *script) {
			s.ask(edits...)
			s.opened(func(format string, args ...any) {
				if s.status() == 500 { // no rule requires another code
					s.refusedOpenly(format, args...)
				}
				s.refusedEither(format, args...)
			})
			s.badFrame = func(why string) {
				s.broke("The server accepted, but treated the body as frames: it sent an invalid frame "+
					"(%s).",
					why)
			}
			s.sendMessage(wire.OpText, []byte("Hello"))
			if g := s.next(s.o.HandshakeTimeout); g.kind != gotMessage {
				s.closedBy(g)
				s.broke("The server accepted, but treated the body as frames or lost what follows it: "+
					"expected the message, got %s.", g.words())
			}
			s.setVerdict(report.OK, "The server accepted it and skipped the body.")
		}}
}

// oversizedRow returns a case with a head that is larger than any server needs.
func oversizedRow() letterCase {
	return letterCase{"The request has 8 MiB of fields.",
		"The server returns an HTTP error code, or drops TCP, before it has read everything.", ruleLarge,
		func(s *script) {
			s.hush()
			s.ask(add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 8000)}, 1<<10)...))
			switch kind := s.answer(s.o.HandshakeTimeout); {
			case kind == replyNothing:
				s.inform("The server neither accepted nor refused it within %v. No RFC sets a time limit.",
					s.o.HandshakeTimeout)
			case kind == replyEOF:
				s.against(rule431, "The server dropped TCP.")
			case s.status() == 101:
				s.against(http9110("17.5", "", ruleLong), "The server read all of it and accepted.")
			}
			s.refusedStatus(false)
		}}
}
