package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
)

const ruleStop = "If the server, while reading the handshake, finds that the client did not send a " +
	"handshake that matches the description below [...], including but not limited to any violations of " +
	"the ABNF grammar specified for the components of the handshake, the server MUST stop processing the " +
	"client's handshake and return an HTTP response with an appropriate error code (such as 400 Bad " +
	"Request)."

// part returns the rule by which a server refuses a request that lacks a part that section 4.2.1
// describes. description is the quote on that part, or "" for the rule in general.
func part(description string) report.Rule {
	if description != "" {
		description = " [...] " + description
	}
	return rule("4.2.1", "MUST", ruleStop+description)
}

var (
	partRequest = part(`An HTTP/1.1 or higher GET request, including a "Request-URI"`)
	partUpgrade = part(`An |Upgrade| header field containing the value "websocket", treated as an ASCII ` +
		`case-insensitive value.`)
	partConnection = part(`A |Connection| header field that includes the token "Upgrade", treated as an ` +
		`ASCII case-insensitive value.`)
	partKey = part("A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 of [RFC4648]) " +
		"value that, when decoded, is 16 bytes in length.")
	partVersion    = part("A |Sec-WebSocket-Version| header field, with a value of 13.")
	partExtensions = part("Optionally, a |Sec-WebSocket-Extensions| header field, with a list of values " +
		"indicating which extensions the client would like to speak.")
)

// step returns the rule by which the response of a server that accepts a connection has a part. text is
// the quote on that part.
func step(text string) report.Rule {
	return rule("4.2.2", "MUST", "If the server chooses to accept the incoming connection, it MUST reply "+
		"with a valid HTTP response indicating the following. [...] "+text)
}

var (
	stepStatus     = step(`A Status-Line with a 101 response code as per RFC 2616 [RFC2616].`)
	stepUpgrade    = step(`An |Upgrade| header field with value "websocket" as per RFC 2616 [RFC2616].`)
	stepConnection = step(`A |Connection| header field with value "Upgrade".`)
	stepAccept     = step("A |Sec-WebSocket-Accept| header field. The value of this header field is " +
		"constructed by concatenating /key/, defined above in step 4 in Section 4.2.2, with the string " +
		"\"258EAFA5-E914-47DA-95CA-C5AB0DC85B11\", taking the SHA-1 hash of this concatenated value to " +
		"obtain a 20-byte value and base64-encoding (see Section 4 of [RFC4648]) this 20-byte hash.")

	ruleOneAccept = rule("11.3.3", "MUST",
		"The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP response.")
	ruleOneProtocol = rule("11.3.4", "MUST",
		"However, the |Sec-WebSocket-Protocol| header field MUST NOT appear more than once in an HTTP "+
			"response.")
	ruleProtocol = rule("4.2.2", "MUST",
		"The value chosen MUST be derived from the client's handshake, specifically by selecting one of "+
			"the values from the |Sec-WebSocket-Protocol| field that the server is willing to use for "+
			"this connection (if any). If the client's handshake did not contain such a header field or "+
			"if the server does not agree to any of the client's requested subprotocols, the only "+
			"acceptable value is null.")

	// Rules broken by a server that sends no response, or an unreadable or unsuitable one.
	ruleOpening = rule("4.2.2", "MUST",
		"When a client establishes a WebSocket connection to a server, the server MUST complete the "+
			"following steps to accept the connection and send the server's opening handshake.")
	ruleGenerate = http9110("2.2", "MUST",
		"A sender MUST NOT generate protocol elements that do not match the grammar defined by the "+
			"corresponding ABNF rules.")
	ruleHighest = http9110("6.2", "SHOULD",
		"A server SHOULD send a response version equal to the highest version to which the server is "+
			"conformant that has a major version less than or equal to the one received in the request.")
	ruleStatus = rule("10.7", "SHOULD",
		"If the invalid data is sent during the WebSocket handshake, the server SHOULD return an "+
			"appropriate HTTP [RFC2616] status code.")

	ruleEmptyElements = http9110("5.6.1.2", "MUST",
		"A recipient MUST parse and ignore a reasonable number of empty list elements: enough to handle "+
			"common mistakes by senders that merge values, but not so much that they could be used as a "+
			"denial-of-service mechanism.")

	// Rules that permit a reaction other than the expected one.
	ruleIgnore = http9110("7.8", "MAY", "A server MAY ignore a received Upgrade header field if it wishes "+
		"to continue using the current protocol on that connection.")
	ruleRepair = http9110("2.4", "MAY", "Unless noted otherwise, a recipient MAY attempt to recover a "+
		"usable protocol element from an invalid construct.")
)

// interpret returns the rule by which a server interprets a protocol element as HTTP defines it. text is
// the definition, quoted from where.
func interpret(where, text string) report.Rule {
	return http9110("2.4", "MUST", "A recipient MUST interpret a received protocol element according to "+
		"the semantics defined for it by this specification, including extensions to this specification "+
		"[...]. ["+where+" adds:] "+text)
}

// ofWebSocket reports whether a rule is in RFC 6455. A server may treat a request that breaks only such
// a rule as plain HTTP, because it is then not an opening handshake.
func ofWebSocket(r report.Rule) bool { return strings.HasPrefix(r.Section, "RFC 6455") }
