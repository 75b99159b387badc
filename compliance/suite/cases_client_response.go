package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

const mustFail = " the client MUST _Fail the WebSocket Connection_."

// The rules on how a client handles a response.
var (
	ruleNot101 = rule("4.1", "", "If the status code received from the server is not 101, the client "+
		"handles the response per HTTP [RFC2616] procedures.")
	ruleVersion = rule("4.2.2", "", "A Status-Line with a 101 response code as per RFC 2616 [RFC2616]. "+
		"Such a response could look like \"HTTP/1.1 101 Switching Protocols\".")
	ruleClientFails = rule("7.1.7", "MUST",
		"To do so, the client MUST _Close the WebSocket Connection_, and MAY report the problem to the "+
			"user (which would be especially useful for developers) in an appropriate manner.")
	ruleChecks = rule("4.1", "MUST", "The client MUST validate the server's response as follows:")
)

var ruleConform = rule("4.1", "MUST", "If the server's response does not conform to the requirements for "+
	"the server's handshake as defined in this section and in Section 4.2.2,"+mustFail)

func statusRows() []letterCase {
	interim := http9110("15.2", "MUST", "A client MUST be able to parse one or more 1xx responses "+
		"received prior to a final response, even if the client does not expect one.")
	reason := http9112("4", "SHOULD", "A client SHOULD ignore the reason-phrase content because it is not "+
		"a reliable channel for information")
	const switching = "HTTP/1.1 101 Switching Protocols"
	return []letterCase{
		otherStatus("Everything is valid except the status, 200.", "HTTP/1.1 200 OK"),
		otherStatus("Everything is valid except the status, 202.", "HTTP/1.1 202 Accepted"),
		otherStatus("Everything is valid except the status, 404.", "HTTP/1.1 404 Not Found"),
		otherStatus("Everything is valid except the status, 1010.", "HTTP/1.1 1010 Switching Protocols"),
		noUpgrade(ruleNot101, "A response of 200.", first("HTTP/1.1 200 OK")),
		noUpgrade(ruleNot101, "A response of 400.", first("HTTP/1.1 400 Bad Request")),
		noUpgrade(ruleNot101, "A response of 404.", first("HTTP/1.1 404 Not Found")),
		noUpgrade(ruleNot101, "A response of 500.", first("HTTP/1.1 500 Internal Server Error")),
		noUpgrade(ruleNot101, "A response of 301 without a Location.",
			first("HTTP/1.1 301 Moved Permanently")),
		mayTake(ruleVersion, "The version is HTTP/1.0.", first("HTTP/1.0 101 Switching Protocols")),
		fails(ruleConform, "The first line is not that of an HTTP response.",
			first("WS/1.1 101 Switching Protocols")),
		fails(ruleConform, "The first line is garbage.", first("\x00\x01\x02\xff")),
		takes(reason, "The reason phrase differs.",
			first("HTTP/1.1 101 Web Socket Protocol Handshake")),
		takes(reason, "The reason phrase is empty.", first("HTTP/1.1 101 ")),
		mayTake(reason, "There is no space after the status.", first("HTTP/1.1 101")),
		takes(interim, "A response of 100 is sent first.", first("HTTP/1.1 100 Continue\r\n\r\n"+switching)),
		takes(interim, "A response of 103 is sent first.",
			first("HTTP/1.1 103 Early Hints\r\nLink: </a>; rel=preload\r\n\r\n"+switching)),
	}
}

func replyFieldRows() []letterCase {
	up := rule("4.1", "MUST", `If the response lacks an |Upgrade| header field or the |Upgrade| header `+
		`field contains a value that is not an ASCII case-insensitive match for the value `+
		`"websocket",`+mustFail)
	con := rule("4.1", "MUST", `If the response lacks a |Connection| header field or the |Connection| `+
		`header field doesn't contain a token that is an ASCII case-insensitive match for the value `+
		`"Upgrade",`+mustFail)
	folded := http9112("5.2", "MUST", "A user agent that receives an obs-fold in a response message that "+
		"is not within a \"message/http\" container MUST replace each received obs-fold with one or more "+
		"SP octets prior to interpreting the field value.")
	colon := http9112("5.1", "", "No whitespace is allowed between the field name and colon.")
	return []letterCase{
		fails(up, "There is no Upgrade.", set("Upgrade")),
		fails(up, "Upgrade is another protocol.", set("Upgrade", "Upgrade: example")),
		fails(up, "Upgrade begins with websocket.", set("Upgrade", "Upgrade: websockets")),
		fails(up, "Upgrade is empty.", set("Upgrade", "Upgrade:")),
		takes(up, "Upgrade is in mixed case.", set("Upgrade", "Upgrade: WebSocket")),
		fails(con, "There is no Connection.", set("Connection")),
		fails(con, "Connection lacks Upgrade.", set("Connection", "Connection: keep-alive")),
		fails(con, "Connection is close.", set("Connection", "Connection: close")),
		fails(con, "Connection has words that begin or end like Upgrade.",
			set("Connection", "Connection: upgrades, no-upgrade")),
		eitherUpgrade(con, "Connection is a list.", set("Connection", "Connection: keep-alive, Upgrade")),
		takes(con, "Connection is in lower case.", set("Connection", "Connection: upgrade")),
		eitherUpgrade(con, "There are two Connection fields.",
			set("Connection", "Connection: keep-alive", "Connection: Upgrade")),
		takes(ruleChecks, "The field names are in lower case.", set("Upgrade", "upgrade: websocket"),
			set("Connection", "connection: Upgrade"),
			set("Sec-WebSocket-Accept", "sec-websocket-accept: {accept}")),
		takes(ruleChecks, "The field names are in upper case.", set("Upgrade", "UPGRADE: websocket"),
			set("Connection", "CONNECTION: Upgrade"),
			set("Sec-WebSocket-Accept", "SEC-WEBSOCKET-ACCEPT: {accept}")),
		takes(ruleChecks, "There are unknown fields.",
			add("X-Unknown: 1", "X-Empty:", "Set-Cookie: a=b")),
		mayTake(folded, "The value of a field is folded.", add("X-Folded: one,\r\n two")),
		mayTake(ruleRepair, "A line has no colon.", add("Nonsense")),
		mayTake(colon, "There is a space before a colon.", add("X-Spaced : 1")),
		mayTake(colon, "There is a space before the colon of Upgrade.",
			set("Upgrade", "Upgrade : websocket")),
	}
}

func acceptRows() []letterCase {
	r := rule("4.1", "MUST", `If the response lacks a |Sec-WebSocket-Accept| header field or the `+
		`|Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of the concatenation `+
		`of the |Sec-WebSocket-Key| (as a string, not base64-decoded) with the string `+
		`"258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading and trailing whitespace,`+mustFail)
	once := rule("11.3.3", "MUST",
		"The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.")
	field := func(values ...string) edit {
		var lines []string
		for _, v := range values {
			lines = append(lines, "Sec-WebSocket-Accept:"+v)
		}
		return set("Sec-WebSocket-Accept", lines...)
	}
	const other = " s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" // of the key in the RFC
	lower := func() letterCase {
		c := fails(r, "The accept value is right except for the case of its letters.")
		c.play = func(s *script) {
			s.asked()
			accept := wire.AcceptKey(s.key)
			s.respond(field(" " + strings.ToLower(accept[:14]) + strings.ToUpper(accept[14:])))
			s.refusedReply(r, false)
		}
		return c
	}
	return []letterCase{
		fails(r, "There is no accept value.", field()),
		fails(r, "The accept value is empty.", field("")),
		fails(r, "The accept value belongs to another key.", field(other)),
		fails(r, "The accept value is cut short.", field(" s3pPLMBiTxaQ9kYGzzhZRbK")),
		lower(),
		fails(r, "Something follows the accept value.", field(" {accept}x")),
		fails(r, "There are two accept values, the second one right.", field(other, " {accept}")),
		fails(r, "There are two accept values, the first one right.", field(" {accept}", other)),
		mayTake(once, "The accept value is repeated.", field(" {accept}", " {accept}")),
		takes(r, "The accept value is surrounded by spaces and tabs.", field(" \t {accept} \t")),
		takes(r, "There is no space before the accept value.", field("{accept}")),
	}
}

func replyProtocolRows() []letterCase {
	r := rule("4.1", "MUST", "If the response includes a |Sec-WebSocket-Protocol| header field and this "+
		"header field indicates the use of a subprotocol that was not present in the client's handshake "+
		"(the server has indicated a subprotocol not requested by the client),"+mustFail)
	empty := rule("4.2.2", "", "The empty string is not the same as the null value for these purposes and "+
		"is not a legal value for this field.")
	const f = "Sec-WebSocket-Protocol:"
	return []letterCase{
		fails(r, "A subprotocol that was not offered.", add(f+" wscheck.unoffered")),
		fails(r, "Two subprotocols that were not offered, in one field.",
			add(f+" wscheck.one, wscheck.two")),
		fails(r, "Two subprotocols that were not offered, in two fields.",
			add(f+" wscheck.one", f+" wscheck.two")),
		mayIgnore(empty, "An empty subprotocol.", add(f)),
		fails(r, "A subprotocol that is not a token.", add(f+" a b/c")),
	}
}
