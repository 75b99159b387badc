package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// ---- kinds of rows ---------------------------------------------------------

// refuses is a request that a server has to answer with an error code.
func refuses(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server returns an HTTP error code.", r, func(s *script) {
		s.ask(edits...)
		s.refusedRequest(false)
	}}
}

// mayRefuse is a request that a server may refuse. The rule says why it may also accept.
func mayRefuse(r report.Rule, what string, edits ...edit) letterCase {
	c := refuses(r, what, edits...)
	c.want = "The server returns an HTTP error code. No RFC requires that, so it may also accept."
	return c
}

// ignores is a request that is perhaps no handshake at all: anything but an upgrade.
func ignores(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server does not upgrade. It may well answer this as another HTTP request.", r, func(s *script) {
		s.ask(edits...)
		s.refusedRequest(true)
	}}
}

// unreadable is a request that HTTP's grammar does not know. A server that accepts it
// breaks the rule accepted.
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
			s.broke("The server should have responded with 400, but responded without a status line: %q.", report.Text([]byte(s.reply.line)))
		case code == 301:
			s.saw(report.OK, "The server redirected it: %s.", s.reply.line)
		case code < 400:
			s.broke("The server should have responded with 400, but responded with %q.", s.reply.line)
		default:
			s.refusedStatus(true)
		}
	}}
}

// accepts is a request that a server has to accept.
func accepts(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server accepts it and returns a message.", r, func(s *script) {
		s.ask(edits...)
		s.opened(s.broke)
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// either is a request that a server may accept, which then must work, or refuse.
// accepted is the verdict where it accepts it.
func either(r report.Rule, accepted report.Verdict, what string, edits ...edit) letterCase {
	return letterCase{what, "The server accepts it, and it works; or it returns an HTTP error code.", r, func(s *script) {
		s.ask(edits...)
		s.opened(s.refusedEither)
		s.echo(wire.OpText, []byte("Hello"))
		s.saw(accepted, "The server accepted it.")
	}}
}

// refusedEither judges a refusal of what may be refused.
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

// refusedOpenly judges the refusal of a request that a server is free to refuse.
func (s *script) refusedOpenly(format string, args ...any) {
	if s.status() == 0 {
		s.against(ruleStatus, "The server dropped TCP without a response.")
	}
	s.inform(format, args...)
}

// ignoredUpgrade is the verdict on a server that goes on with HTTP.
func (s *script) ignoredUpgrade() {
	s.against(ruleIgnore, "The server did not upgrade the connection, but answered the request as plain HTTP: %s.", s.reply.line)
}

// refusedRequest waits for the server to refuse a request.
func (s *script) refusedRequest(ordinary bool) {
	switch s.answer(s.o.HandshakeTimeout) {
	case replyEOF:
		s.against(ruleStatus, "The server dropped TCP instead of returning an HTTP error code.")
	case replyNothing:
		s.against(part(""), "The server did not respond in time.")
	}
	s.refusedStatus(ordinary)
}

// refusedStatus judges the status of a refusal. With ordinary the request may have
// been answered as one of plain HTTP.
func (s *script) refusedStatus(ordinary bool) {
	switch code := s.status(); {
	case code == 0:
		s.against(ruleGenerate, "The response has no status line of HTTP/1.1. It begins with %q.", report.Text([]byte(s.reply.line)))
	case code == 101:
		s.broke("The server accepted it.")
	case code == 500 && (ordinary || ofWebSocket(s.c.Rule)):
		s.saw(report.Informational, "The server refused it with 500, which says that the server itself failed.")
	case code >= 400 && code != 500, ordinary && code >= 200:
		s.saw(report.OK, "The server refused it: %s.", s.reply.line)
	case code >= 200 && ofWebSocket(s.c.Rule):
		s.ignoredUpgrade()
	case code == 500:
		s.broke("The server refused it with 500, which says that the server itself failed. A 4xx code would be right.")
	default:
		s.broke("The server did not accept it, but answered %q, which is no error code.", s.reply.line)
	}
}

// ---- tables ----------------------------------------------------------------

func requestLineRows() []letterCase {
	uri := http9112("3.2.2", "MUST", "[A] server MUST accept the absolute-form in requests even though most HTTP/1.1 clients will only send the absolute-form to a proxy.")
	line := http9112("3.2", "SHOULD", "Recipients of an invalid request-line SHOULD respond with either a 400 (Bad Request) error or a 301 (Moved Permanently) redirect with the request-target properly encoded. A recipient SHOULD NOT attempt to autocorrect and then process the request without a redirect, since the invalid request-line might be deliberately crafted to bypass security filters along the request chain.")
	old := http9110("7.8", "MUST", "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request.")
	fragment := rule("3", "MUST", "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs.")
	return []letterCase{
		ignores(partRequest, "The method is POST.", first("POST {path} HTTP/1.1"), add("Content-Length: 0")),
		ignores(partRequest, "The method is HEAD.", first("HEAD {path} HTTP/1.1")),
		ignores(partRequest, "The method is OPTIONS.", first("OPTIONS {path} HTTP/1.1")),
		refuses(partRequest, "The method is get; methods are case-sensitive.", first("get {path} HTTP/1.1")),
		ignores(old, "The version is HTTP/1.0.", first("GET {path} HTTP/1.0")),
		unreadable(line, partRequest, "The request line has no version.", first("GET {path}")),
		unreadable(line, line, "The request line has a space too many.", first("GET {path} x HTTP/1.1")),
		accepts(uri, "The target is an absolute URI.", first("GET {scheme}://{host}{path} HTTP/1.1")),
		either(fragment, report.Informational, "The target has a fragment.", first("GET {path}#fragment HTTP/1.1")),
		unreadable(line, partRequest, "The version is HTTP/11.", first("GET {path} HTTP/11")),
	}
}

const combined = "When a field name is repeated within a section, its combined field value consists of the list of corresponding field line values within that section, concatenated in order, with each field line value separated by a comma."

func versionRows() []letterCase {
	mismatch := rule("4.2.2", "MUST", "If this version does not match a version understood by the server, the server MUST abort the WebSocket handshake described in this section and instead send an appropriate HTTP error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header field indicating the version(s) the server is capable of understanding.")
	once := part("A |Sec-WebSocket-Version| header field, with a value of 13. [RFC 9110, section 5.2, adds:] " + combined)
	other := func(version string) letterCase {
		return letterCase{
			"The version is " + version + ".", "The server returns an HTTP error code and names version 13 in Sec-WebSocket-Version.", mismatch,
			func(s *script) {
				s.ask(set("Sec-WebSocket-Version", "Sec-WebSocket-Version: "+version))
				if draft := version == "7" || version == "8"; draft {
					s.mayBeDraft(version)
				} else {
					s.refusedRequest(false)
				}
				if v := s.reply.fields.Values("Sec-Websocket-Version"); !wire.HasToken(v, "13") {
					said := "has no Sec-WebSocket-Version field"
					if len(v) > 0 {
						said = fmt.Sprintf("has Sec-WebSocket-Version %q", v)
					}
					s.broke("The server refused it with %q, but the response %s; it should name version 13.", s.reply.line, said)
				}
			},
		}
	}
	version := func(what string, lines ...string) letterCase {
		return refuses(partVersion, what, set("Sec-WebSocket-Version", lines...))
	}
	upgrade := http9110("15.5.22", "MUST", "The server MUST send an Upgrade header field in a 426 response to indicate the required protocol(s).")
	return []letterCase{
		version("There is no version."),
		other("8"), other("0"), other("14"), other("7"), other("255"),
		version("The version is empty.", "Sec-WebSocket-Version:"),
		version("The version is a list, 13 and 8.", "Sec-WebSocket-Version: 13, 8"),
		version("The version is 013.", "Sec-WebSocket-Version: 013"),
		version("The version is 13.0.", "Sec-WebSocket-Version: 13.0"),
		refuses(once, "The version is given twice, 13 and 8.", set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8")),
		mayRefuse(ruleRepair, "The version is given twice, 13 and 13.", set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13")),
		{"The version is 14.", "If the response is 426 it has an Upgrade field.", upgrade, func(s *script) {
			s.ask(set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 14"))
			kind, v := s.answer(s.o.HandshakeTimeout), s.reply.fields.Values("Upgrade")
			switch {
			case kind == replyNothing:
				s.against(part(""), "The server did not respond in time.")
			case s.status() == 101:
				s.against(mismatch, "The server accepted it.")
			case s.status() != 426:
				s.saw(report.OK, "The response is not 426: %q.", report.Text([]byte(s.reply.line)))
			case !wire.HasToken(v, "websocket"):
				s.broke("The response is 426, and Upgrade is %s.", quoted(v))
			}
		}},
	}
}

// mayBeDraft is refusedRequest for the versions of drafts that had users, which a
// server may still understand (section 4.4).
func (s *script) mayBeDraft(version string) {
	kind := s.answer(s.o.HandshakeTimeout)
	switch {
	case kind == replyNothing:
		s.against(part(""), "The server did not respond in time.")
	case kind == replyEOF:
		s.against(ruleStatus, "The server dropped TCP instead of returning an HTTP error code.")
	case s.status() == 101:
		s.inform("The server understands version %s too, an early draft.", version)
	}
	s.refusedStatus(false)
}

func keyRows() []letterCase {
	decode := rule("4.2.2", "", "This (encoded) value is used in the creation of the server's handshake to indicate an acceptance of the connection. It is not necessary for the server to base64-decode the |Sec-WebSocket-Key| value.")
	trimmed := http9110("5.5", "MUST", "When a specific version of HTTP allows such whitespace to appear in a message, a field parsing implementation MUST exclude such whitespace prior to evaluating the field value.")
	key := func(r report.Rule, what string, values ...string) letterCase {
		var lines []string
		for _, v := range values {
			lines = append(lines, "Sec-WebSocket-Key:"+v)
		}
		if r.Level != "MUST" {
			return mayRefuse(r, what, set("Sec-WebSocket-Key", lines...))
		}
		return refuses(r, what, set("Sec-WebSocket-Key", lines...))
	}
	fine := func(r report.Rule, what, line string) letterCase {
		return accepts(r, what, set("Sec-WebSocket-Key", line))
	}
	return []letterCase{
		key(partKey, "There is no key."),
		key(partKey, "The key is empty.", ""),
		key(decode, "The key is 15 octets in base64.", " AQIDBAUGBwgJCgsMDQ4P"),
		key(decode, "The key is 17 octets in base64.", " AQIDBAUGBwgJCgsMDQ4PEBE="),
		key(decode, "The key is not base64.", " this is no base64 text!"),
		key(decode, "The key is base64 without its padding.", " AQIDBAUGBwgJCgsMDQ4PEA"),
		key(decode, "The key is the base64 of URLs.", " -_-_-_-_-_-_-_-_-_-_-w=="),
		key(ruleRepair, "The key is given twice, the same.", " AQIDBAUGBwgJCgsMDQ4PEA==", " AQIDBAUGBwgJCgsMDQ4PEA=="),
		key(ruleRepair, "There are two keys.", " AQIDBAUGBwgJCgsMDQ4PEA==", " EA8ODQwLCgkIBwYFBAMCAQ=="),
		key(decode, "There are two keys in one field.", " AQIDBAUGBwgJCgsMDQ4PEA==, EA8ODQwLCgkIBwYFBAMCAQ=="),
		fine(trimmed, "The key has spaces and tabs around it.", "Sec-WebSocket-Key: \t {key} \t"),
		fine(trimmed, "The key follows its colon at once.", "Sec-WebSocket-Key:{key}"),
		fine(partKey, "The key has both characters of base64 that are no letters or digits.", "Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+w=="),
	}
}

func upgradeRows() []letterCase {
	con := func(v ...string) edit { return set("Connection", v...) }
	up := func(v ...string) edit { return set("Upgrade", v...) }
	return []letterCase{
		accepts(partConnection, "Connection is a list, as Firefox sends it.", con("Connection: keep-alive, Upgrade")),
		accepts(partConnection, "Connection is a list without spaces, Upgrade first.", con("Connection: Upgrade,keep-alive")),
		accepts(partConnection, "Connection is in lower case.", con("Connection: upgrade")),
		accepts(partConnection, "Connection is in upper case.", con("Connection: UPGRADE")),
		accepts(interpret("Section 5.2", combined), "There are two Connection fields.", con("Connection: keep-alive", "Connection: Upgrade")),
		accepts(ruleEmptyElements, "Connection is a list with empty elements.", con("Connection: ,, Upgrade ,")),
		accepts(partUpgrade, "Upgrade is in mixed case.", up("Upgrade: WebSocket")),
		accepts(partUpgrade, "Upgrade is in upper case.", up("UPGRADE: WEBSOCKET")),
		{"Upgrade is a list of protocols.", "The server accepts it and returns a message; or it ignores Upgrade.", ruleIgnore, func(s *script) {
			s.ask(up("Upgrade: example/2, websocket"))
			s.opened(s.refusedOpenly)
			s.echo(wire.OpText, []byte("Hello"))
		}},
		ignores(partUpgrade, "There is no Upgrade.", up()),
		ignores(partConnection, "There is no Connection.", con()),
		ignores(partConnection, "Connection lacks Upgrade.", con("Connection: keep-alive")),
		ignores(partUpgrade, "Upgrade is another protocol.", up("Upgrade: example")),
		ignores(partUpgrade, "Upgrade begins with websocket.", up("Upgrade: websockets")),
		ignores(partUpgrade, "Upgrade ends with websocket.", up("Upgrade: notwebsocket")),
		ignores(partConnection, "Connection begins with upgrade.", con("Connection: Upgrades")),
		ignores(partConnection, "Connection ends with upgrade.", con("Connection: keep-alive, no-upgrade")),
		ignores(partUpgrade, "Upgrade is empty.", up("Upgrade:")),
		ignores(partConnection, "Connection is empty.", con("Connection:")),
		ignores(partUpgrade, "Upgrade and Connection are exchanged.", up("Upgrade: Upgrade"), con("Connection: websocket")),
	}
}

func fieldRows() []letterCase {
	hosts := http9112("3.2", "MUST", "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header field and to any request message that contains more than one Host header field line or a Host header field with an invalid field value.")
	unknown := http9110("5.1", "SHOULD", "Other recipients SHOULD ignore unrecognized header and trailer fields.")
	names := interpret("Section 5.1", "Field names are case-insensitive and ought to be registered within the \"Hypertext Transfer Protocol (HTTP) Field Name Registry\"; see Section 16.3.1.")
	spaces := http9110("5.5", "MUST", "When a specific version of HTTP allows such whitespace to appear in a message, a field parsing implementation MUST exclude such whitespace prior to evaluating the field value.")
	length := http9112("6.3", "", "If a valid Content-Length header field is present without Transfer-Encoding, its decimal value defines the expected message body length in octets.")
	body := interpret("RFC 9112, section 6.3,", length.Text)
	chunked := http9112("7.1", "MUST", "A recipient MUST be able to parse and decode the chunked transfer coding.")
	grammar := http9112("2.2", "SHOULD", "When a server listening only for HTTP request messages, or processing what appears from the start-line to be an HTTP request message, receives a sequence of octets that does not match the HTTP-message grammar aside from the robustness exceptions listed above, the server SHOULD respond with a 400 (Bad Request) response and close the connection.")
	colon := http9112("5.1", "MUST", "A server MUST reject, with a response status code of 400 (Bad Request), any received request message that contains whitespace between a header field name and colon.")
	folded := http9112("5.2", "MUST", `A server that receives an obs-fold in a request message that is not within a "message/http" container MUST either reject the message by sending a 400 (Bad Request), [...] or replace each received obs-fold with one or more SP octets prior to interpreting the field value or forwarding the message downstream.`)
	origin := rule("4.2.2", "MUST", "If the server does not validate the origin, it will accept connections from anywhere. If the server does not wish to accept this connection, it MUST return an appropriate HTTP error code (e.g., 403 Forbidden) and abort the WebSocket handshake described in this section.")
	rows := []letterCase{
		refuses(hosts, "There is no Host.", set("Host")),
		refuses(hosts, "There are two Hosts.", set("Host", "Host: {host}", "Host: example.com")),
		accepts(unknown, "There are fields that nobody knows.", add("X-Unknown: 1", "X-Empty:", "Another_One!: \x80\xff", "Cookie: a=b")),
		accepts(names, "The names of fields are in lower case.", set("Upgrade", "upgrade: websocket"), set("Connection", "connection: Upgrade"),
			set("Host", "host: {host}"), set("Sec-WebSocket-Key", "sec-websocket-key: {key}"), set("Sec-WebSocket-Version", "sec-websocket-version: 13")),
		accepts(names, "The names of fields are in upper case.", set("Upgrade", "UPGRADE: websocket"), set("Connection", "CONNECTION: Upgrade"),
			set("Host", "HOST: {host}"), set("Sec-WebSocket-Key", "SEC-WEBSOCKET-KEY: {key}"), set("Sec-WebSocket-Version", "SEC-WEBSOCKET-VERSION: 13")),
		accepts(spaces, "Values have no space before them, or many.", set("Upgrade", "Upgrade:websocket"), set("Connection", "Connection: \t  Upgrade\t "), set("Sec-WebSocket-Version", "Sec-WebSocket-Version:13  ")),
		refuses(colon, "There is a space before a colon.", set("Upgrade", "Upgrade : websocket")),
		unreadable(grammar, grammar, "There is a space within the name of a field.", add("X Unknown: 1")),
		unreadable(grammar, grammar, "A line has no colon.", add("Nonsense")),
		either(folded, report.OK, "The value of a field is folded.", add("X-Folded: one,\r\n two")),
		either(folded, report.OK, "The Upgrade field is folded.", set("Upgrade", "Upgrade:\r\n websocket")),
		either(origin, report.Informational, "Origin is that of the server.", add("Origin: {scheme}://{host}")),
		either(origin, report.Informational, "Origin is another one.", add("Origin: http://example.com")),
		either(origin, report.Informational, "Origin is null.", add("Origin: null")),
		accepts(length, "The request says that it has no body.", add("Content-Length: 0")),
		bodyRow(body, "The request has a body.", add("Content-Length: 5"), behind("hello")),
		bodyRow(chunked, "The request has a chunked body.", add("Transfer-Encoding: chunked"), behind("5\r\nhello\r\n0\r\n\r\n")),
		either(ruleLarge, report.OK, "A field has 70,000 octets.", add("X-Long: "+strings.Repeat("x", 70000))),
		either(ruleLarge, report.OK, "There are 3,000 fields.", add(slices.Repeat([]string{"X-Many: 0123456789"}, 3000)...)),
	}
	return append(rows, oversizedRow(),
		bodyRow(chunked, "The request has a chunked body of no octets, as some proxies send it.", add("Transfer-Encoding: chunked"), behind("0\r\n\r\n")))
}

var ruleLarge = http9110("5.4", "MUST", "A server that receives a request header field line, field value, or set of fields larger than it wishes to process MUST respond with an appropriate 4xx (Client Error) status code.")

const ruleLong = "Recipients ought to carefully limit the extent to which they process other protocol elements, including (but not limited to) request methods, response status phrases, field names, numeric values, and chunk lengths."

// bodyRow is a request with a body, which a server may refuse, but not take for
// frames: that is how requests are smuggled.
func bodyRow(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The server returns an HTTP error code; or it accepts, and the frames begin behind the body.", r, func(s *script) {
		s.ask(edits...)
		s.opened(func(format string, args ...any) {
			if s.status() == 500 { // no sentence asks for another code
				s.refusedOpenly(format, args...)
			}
			s.refusedEither(format, args...)
		})
		s.badFrame = func(why string) {
			s.broke("The server accepted, but took the body for frames: what it sent is wrong (%s).", why)
		}
		s.sendMessage(wire.OpText, []byte("Hello"))
		if g := s.next(s.o.HandshakeTimeout); g.kind != gotMessage {
			s.closedBy(g)
			s.broke("The server accepted, but treated the body as frames or lost what follows it: expected the message, got %s.", g.words())
		}
		s.saw(report.OK, "The server accepted it and passed over the body.")
	}}
}

// oversizedRow is a head of more octets than any server needs.
func oversizedRow() letterCase {
	return letterCase{"The fields have 8 MiB.", "The server returns an HTTP error code, or drops TCP, before it has taken all that.", ruleLarge, func(s *script) {
		s.hush()
		s.ask(add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 8000)}, 1<<10)...))
		switch kind := s.answer(s.o.HandshakeTimeout); {
		case kind == replyNothing:
			s.inform("The server neither accepted nor refused it within %v. No RFC names a time.", s.o.HandshakeTimeout)
		case kind == replyEOF:
			s.against(rule431, "The server dropped TCP.")
		case s.status() == 101:
			s.against(http9110("17.5", "", ruleLong), "The server took all of it and accepted.")
		}
		s.refusedStatus(false)
	}}
}

var rule431 = httpRule("6585", "7.3", "", "Servers are not required to use the 431 status code; when under attack, it may be more appropriate to just drop connections, or take other steps.")

func deliveryRows() []letterCase {
	early := rule("4.1", "MUST", "Once the client's opening handshake has been sent, the client MUST wait for a response from the server before sending any further data.")
	slowly := func(what string, how tempo) letterCase {
		return letterCase{what, "The server accepts it and returns a message.", ruleOpening, func(s *script) {
			s.askBy(how)
			s.opened(func(format string, args ...any) {
				if s.status() == 0 && s.manages(func(o *script) { o.askCut("GET /") }) {
					s.against(ruleStatus, "The server took a request in two pieces, but dropped TCP at one in many small pieces.")
				}
				s.broke(format, args...)
			})
			s.echo(wire.OpText, []byte("Hello"))
		}}
	}
	rows := []letterCase{
		slowly("The request comes octet by octet.", tempo{size: 1}),
		slowly("The request comes octet by octet, with 1 ms between.", tempo{size: 1, gap: time.Millisecond}),
		slowly("The request comes in pieces of 7 octets, with 5 ms between.", tempo{size: 7, gap: 5 * time.Millisecond}),
	}
	for _, cut := range []struct{ where, after string }{
		{"in the method", "GE"}, {"in the middle of the request line", "GET /"}, {"between CR and LF of the request line", "HTTP/1.1\r"},
		{"behind the first line", "HTTP/1.1\r\n"}, {"in the name of a field", "Sec-Web"}, {"between a colon and its value", "Upgrade:"},
		{"in the key", "Sec-WebSocket-Key: AB"}, {"before the last line", "Sec-WebSocket-Version: 13\r\n"}, {"before the last octet", "Sec-WebSocket-Version: 13\r\n\r"},
	} {
		rows = append(rows, letterCase{
			"The request comes in two pieces, cut " + cut.where + ".", "The server accepts it and returns a message.", ruleOpening, func(s *script) { s.askCut(cut.after) },
		})
	}
	return append(rows,
		letterCase{"A ping comes together with the request.", "The server takes it once it has accepted; or it refuses the request.", early, func(s *script) {
			s.ask(behind(string(s.octets(ping("early")))))
			s.pinged["early"] = true
			kind := s.answer(s.o.HandshakeTimeout)
			if s.status() == 0 && s.reply.line != "" {
				s.inform("The server sent %q before its handshake, in answer to a ping that a client must not send so early.", report.Text([]byte(s.reply.line)))
			}
			s.openedBy(kind, func(format string, args ...any) {
				if s.status() != 0 {
					s.refusedEither(format, args...)
				}
				s.inform("The server dropped TCP at a frame that a client must not send so early.")
			})
			if g := s.next(s.o.HandshakeTimeout); g.kind != gotPong || string(g.data) != "early" {
				s.inform("The server accepted, but lost the ping, which a client must not send so early: expected a pong, got %s.", g.words())
			}
			s.echo(wire.OpText, []byte("Hello"))
		}})
}

// askCut sends the request in two pieces, the first up to and with the text after.
func (s *script) askCut(after string) {
	raw := s.compose(set("Sec-WebSocket-Key", "Sec-WebSocket-Key: ABCDEFGHIJKLMNOPQRSTUQ=="))
	i := strings.Index(string(raw), after) + len(after)
	s.write(raw[:i], tempo{})
	s.flush(idleTime)
	s.pause(20 * time.Millisecond)
	s.write(raw[i:], tempo{})
	s.last, s.suspect = sent{}, nil
	s.opened(s.broke)
	s.echo(wire.OpText, []byte("Hello"))
}
