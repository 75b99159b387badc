package suite

import (
	"fmt"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func requestLineRows() []letterCase {
	uri := http9112("3.2.2", "MUST", "[A] server MUST accept the absolute-form in requests even though "+
		"most HTTP/1.1 clients will only send the absolute-form to a proxy.")
	line := http9112("3.2", "SHOULD", "Recipients of an invalid request-line SHOULD respond with either a "+
		"400 (Bad Request) error or a 301 (Moved Permanently) redirect with the request-target properly "+
		"encoded. A recipient SHOULD NOT attempt to autocorrect and then process the request without a "+
		"redirect, since the invalid request-line might be deliberately crafted to bypass security "+
		"filters along the request chain.")
	old := http9110("7.8", "MUST",
		"A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request.")
	fragment := rule("3", "MUST", "Fragment identifiers are meaningless in the context of WebSocket URIs "+
		"and MUST NOT be used on these URIs.")
	return []letterCase{
		ignores(partRequest, "The method is POST.", first("POST {path} HTTP/1.1"), add("Content-Length: 0")),
		ignores(partRequest, "The method is HEAD.", first("HEAD {path} HTTP/1.1")),
		ignores(partRequest, "The method is OPTIONS.", first("OPTIONS {path} HTTP/1.1")),
		refuses(partRequest, "The method is get. Methods are case-sensitive.", first("get {path} HTTP/1.1")),
		ignores(old, "The version is HTTP/1.0.", first("GET {path} HTTP/1.0")),
		unreadable(line, partRequest, "The request line has no version.", first("GET {path}")),
		unreadable(line, line, "The request line has one space too many.", first("GET {path} x HTTP/1.1")),
		accepts(uri, "The target is an absolute URI.", first("GET {scheme}://{host}{path} HTTP/1.1")),
		either(fragment, report.Informational, "The target has a fragment.",
			first("GET {path}#fragment HTTP/1.1")),
		unreadable(line, partRequest, "The version is HTTP/11.", first("GET {path} HTTP/11")),
	}
}

const combined = "When a field name is repeated within a section, its combined field value consists of " +
	"the list of corresponding field line values within that section, concatenated in order, with each " +
	"field line value separated by a comma."

func versionRows() []letterCase {
	mismatch := rule("4.2.2", "MUST", "If this version does not match a version understood by the server, "+
		"the server MUST abort the WebSocket handshake described in this section and instead send an "+
		"appropriate HTTP error code (such as 426 Upgrade Required) and a |Sec-WebSocket-Version| header "+
		"field indicating the version(s) the server is capable of understanding.")
	once := part("A |Sec-WebSocket-Version| header field, with a value of 13. [RFC 9110, section 5.2, " +
		"adds:] " + combined)
	other := func(version string) letterCase {
		return letterCase{
			"The version is " + version + ".",
			"The server returns an HTTP error code and names version 13 in Sec-WebSocket-Version.",
			mismatch,
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
					s.broke("The server refused it with %q, but the response %s. It should name version 13.",
						s.reply.line, said)
				}
			},
		}
	}
	version := func(what string, lines ...string) letterCase {
		return refuses(partVersion, what, set("Sec-WebSocket-Version", lines...))
	}
	upgrade := http9110("15.5.22", "MUST",
		"The server MUST send an Upgrade header field in a 426 response to indicate the required "+
			"protocol(s).")
	return []letterCase{
		version("There is no version."),
		other("8"), other("0"), other("14"), other("7"), other("255"),
		version("The version is empty.", "Sec-WebSocket-Version:"),
		version("The version is a list, 13 and 8.", "Sec-WebSocket-Version: 13, 8"),
		version("The version is 013.", "Sec-WebSocket-Version: 013"),
		version("The version is 13.0.", "Sec-WebSocket-Version: 13.0"),
		refuses(once, "There are two versions, 13 and 8.",
			set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 8")),
		mayRefuse(ruleRepair, "Version 13 is repeated.",
			set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 13")),
		{"The version is 14.", "If the response is 426, it has an Upgrade field.", upgrade, func(s *script) {
			s.ask(set("Sec-WebSocket-Version", "Sec-WebSocket-Version: 14"))
			kind, v := s.answer(s.o.HandshakeTimeout), s.reply.fields.Values("Upgrade")
			switch {
			case kind == replyNothing:
				s.against(part(""), "The server did not respond in time.")
			case s.status() == 101:
				s.against(mismatch, "The server accepted it.")
			case s.status() != 426:
				s.setVerdict(report.OK, "The response is not 426: %q.", report.Text([]byte(s.reply.line)))
			case !wire.HasToken(v, "websocket"):
				s.broke("The response is 426, but Upgrade is %s.", quoted(v))
			}
		}},
	}
}

// mayBeDraft is like refusedRequest, but for the versions of drafts that were in use, which a server
// may still support (section 4.4).
func (s *script) mayBeDraft(version string) {
	kind := s.answer(s.o.HandshakeTimeout)
	switch {
	case kind == replyNothing:
		s.against(part(""), "The server did not respond in time.")
	case kind == replyEOF:
		s.against(ruleStatus, "The server dropped TCP instead of returning an HTTP error code.")
	case s.status() == 101:
		s.inform("The server also supports version %s, an early draft.", version)
	}
	s.refusedStatus(false)
}

func keyRows() []letterCase {
	decode := rule("4.2.2", "", "This (encoded) value is used in the creation of the server's handshake "+
		"to indicate an acceptance of the connection. It is not necessary for the server to base64-decode "+
		"the |Sec-WebSocket-Key| value.")
	trimmed := http9110("5.5", "MUST", "When a specific version of HTTP allows such whitespace to appear "+
		"in a message, a field parsing implementation MUST exclude such whitespace prior to evaluating "+
		"the field value.")
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
		key(decode, "The key is 15 bytes in base64.", " AQIDBAUGBwgJCgsMDQ4P"),
		key(decode, "The key is 17 bytes in base64.", " AQIDBAUGBwgJCgsMDQ4PEBE="),
		key(decode, "The key is not base64.", " this is no base64 text!"),
		key(decode, "The key is base64 without its padding.", " AQIDBAUGBwgJCgsMDQ4PEA"),
		key(decode, "The key is in the base64 variant for URLs.", " -_-_-_-_-_-_-_-_-_-_-w=="),
		key(ruleRepair, "The key is repeated.", " AQIDBAUGBwgJCgsMDQ4PEA==",
			" AQIDBAUGBwgJCgsMDQ4PEA=="),
		key(ruleRepair, "There are two keys.", " AQIDBAUGBwgJCgsMDQ4PEA==", " EA8ODQwLCgkIBwYFBAMCAQ=="),
		key(decode, "There are two keys in one field.",
			" AQIDBAUGBwgJCgsMDQ4PEA==, EA8ODQwLCgkIBwYFBAMCAQ=="),
		fine(trimmed, "The key is surrounded by spaces and tabs.", "Sec-WebSocket-Key: \t {key} \t"),
		fine(trimmed, "There is no space before the key.", "Sec-WebSocket-Key:{key}"),
		fine(partKey, "The key has both characters of base64 that are not letters or digits.",
			"Sec-WebSocket-Key: +/+/+/+/+/+/+/+/+/+/+w=="),
	}
}

func upgradeRows() []letterCase {
	con := func(v ...string) edit { return set("Connection", v...) }
	up := func(v ...string) edit { return set("Upgrade", v...) }
	return []letterCase{
		accepts(partConnection, "Connection is a list, as Firefox sends it.",
			con("Connection: keep-alive, Upgrade")),
		accepts(partConnection, "Connection is a list without spaces, Upgrade first.",
			con("Connection: Upgrade,keep-alive")),
		accepts(partConnection, "Connection is in lower case.", con("Connection: upgrade")),
		accepts(partConnection, "Connection is in upper case.", con("Connection: UPGRADE")),
		accepts(interpret("Section 5.2", combined), "There are two Connection fields.",
			con("Connection: keep-alive", "Connection: Upgrade")),
		accepts(ruleEmptyElements, "Connection is a list with empty elements.",
			con("Connection: ,, Upgrade ,")),
		accepts(partUpgrade, "Upgrade is in mixed case.", up("Upgrade: WebSocket")),
		accepts(partUpgrade, "Upgrade is in upper case.", up("UPGRADE: WEBSOCKET")),
		{"Upgrade is a list of protocols.",
			"The server accepts it and returns a message; or it ignores Upgrade.", ruleIgnore,
			func(s *script) {
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
		ignores(partUpgrade, "The values of Upgrade and Connection are swapped.", up("Upgrade: Upgrade"),
			con("Connection: websocket")),
	}
}
