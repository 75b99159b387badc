package main

import "strings"

// An opinion says who is right about a verdict: the suite, the peer, or both, because the
// RFCs leave it open. An empty pattern, verdict or rule matches anything.
type opinion struct {
	cases, peer string // patterns of path.Match
	verdict     string // on the behavior
	rule        string // part of the sentence of the RFC
	text        string // the opinion, a sentence or more
}

// opinionOn returns the opinion on a verdict, or "" if there is none.
func opinionOn(f finding) string {
	for _, o := range opinions {
		if fits(o.cases, f.Case.ID) && fits(o.peer, f.Run.Peer) &&
			(o.verdict == "" || o.verdict == string(f.Result.Behavior)) &&
			strings.Contains(f.rule().Text, o.rule) {
			return o.text
		}
	}
	return ""
}

// opinions has all opinions. The first one that matches a verdict applies.
var opinions = []opinion{
	{verdict: "INFORMATIONAL", text: "The RFCs leave this open: neither side is wrong."},
	{verdict: "UNIMPLEMENTED", text: "Neither side is wrong: the peer may decline an extension or a " +
		"parameter."},
	{rule: "the server SHOULD return an appropriate HTTP [RFC2616] status code", text: "The suite is " +
		"right: a server that refuses SHOULD respond with a status code (section 10.7)."},
	{peer: "java-websocket", cases: "R.10.*", text: "The suite is right, although the outcome is a race: " +
		"Java-WebSocket closes the socket when anything follows the close frame, even if its answer " +
		"is still queued."},
	{peer: "java-websocket", rule: "did not previously send a Close frame", text: "The suite is right, " +
		"although the outcome is a race: the client loses a close frame that is queued while it writes."},
	{peer: "gobwas", rule: "a client MUST mask all frames", text: "The suite is right: gobwas does not " +
		"mask its close frame when it answers an invalid one."},
	{peer: "chromium", cases: "[LX].*", verdict: "OK", text: "The suite is as strict as the original " +
		"in group 6: 1007 is more precise than 1002. No sentence forbids 1002."},
	{verdict: "OK", text: "The peer refuses what it should refuse. By section 7.1.7 it SHOULD also " +
		"send a close frame with an appropriate code."},

	// The opening handshake.
	{cases: "H.1.5", text: "The suite is right: HTTP/1.0 has no Upgrade."},
	{cases: "H.1.8", peer: "netty", text: "The suite is right that the request gets no response. Netty " +
		"compares the whole target with its path, and passes the request on."},
	{cases: "H.1.8", text: "The suite is right: every server MUST accept a target in absolute form."},
	{cases: "H.1.*", verdict: "NON-STRICT", text: "The suite is right: an invalid request line SHOULD " +
		"be answered with 400."},
	{cases: "H.1.*", verdict: "FAILED", text: "The suite is right: section 4.2.1 requires an HTTP/1.1 " +
		"GET request, and an HTTP error code for any other request."},
	{cases: "H.2.[2-6]", verdict: "FAILED", text: noVersion},
	{cases: "H.2.11", text: "The suite is right: the combined value is \"13, 8\", which is not 13. The " +
		"server compares only the first field."},
	{cases: "H.2.13", text: "The suite is right: RFC 9110 requires an Upgrade field in a 426 response."},
	{cases: "H.2.*", text: "The suite is right: the value must be 13, in the form that the ABNF requires."},
	{cases: "H.3.*", text: "The suite is right: a request without a key is not a handshake."},
	{cases: "H.4.[56]", text: "The suite is right: the fields of a list may be split, and may have " +
		"empty elements (RFC 9110, section 5.6.1)."},
	{cases: "H.4.*", text: "The suite is right: Upgrade and Connection are compared as tokens, and a " +
		"request without them is not a handshake."},
	{cases: "H.5.[12]", text: "The suite is right: a request without exactly one Host field is " +
		"answered with 400 (RFC 9112, section 3.2)."},
	{cases: "H.5.6", text: "The suite is right: optional whitespace is not part of the value (RFC " +
		"9112, section 5.1). Node.js keeps a tab at the end."},
	{cases: "H.5.1[01]", peer: "fasthttp", text: "The suite is right: the server accepts the request, " +
		"and reads the line after the folded one as frames."},
	{cases: "H.5.19", peer: "netty", text: "The suite is right: the server accepts the request, and " +
		"reads the fields beyond its limit as frames."},
	{cases: "H.5.1[67]", text: body},
	{cases: "H.5.21", text: body},
	{cases: "H.5.20", peer: "java-websocket", text: "The suite is right: the server parses the request " +
		"for minutes, because the time grows with the square of the size. In the meantime it answers " +
		"no other connection."},
	{cases: "R.3.3", peer: "java-websocket", text: "The server was still parsing the request of H.5.20."},
	{cases: "H.5.9", text: "The suite is right: a line without a colon makes the request invalid, and " +
		"the response says so."},
	{cases: "H.5.*", text: "The suite is right: RFC 9112 says what a server does with such a request."},
	{cases: "H.7.*", text: "The suite is right: the server selects a subprotocol that is not a token."},

	// Frames.
	{cases: "L.1.*", text: "The suite is right: the top bit of a 64-bit length must be 0."},
	{cases: "L.3.*", peer: "xnet", text: oneFrame},
	{cases: "L.4.11", peer: "tornado", text: "The suite is right that Tornado sends 1015, which MUST " +
		"NOT be set in a close frame (section 7.4.1)."},
	{cases: "L.4.*", text: "The suite is right: control frames have at most 125 bytes and are not " +
		"fragmented."},
	{cases: "L.5.*", text: "The suite is right: a server MUST close the connection, and the peer " +
		"accepts the frame."},
	{cases: "R.9.[4-6]", text: "The suite is right: a reason must be UTF-8, and the peer accepts or " +
		"returns one that is not."},
	{cases: "L.6.*", text: oneFrame},
	{cases: "L.7.*", peer: "xnet", text: oneFrame},
	{cases: "R.*", peer: "xnet", text: oneFrame},
	{cases: "L.9.*", peer: "netty", rule: "MUST be 0 unless", text: "The suite is right: Netty accepts " +
		"frames with reserved bits, and returns them with the bits."},
	{cases: "L.9.*", text: "The suite is right: the peer accepts what it must refuse."},

	// permessage-deflate.
	{cases: "X.*", rule: "doesn't have the \"client_max_window_bits\" extension parameter", text: unasked},
	{cases: "X.9.*", peer: "gws", text: unasked},
	{cases: "X.[14].[16]", peer: "netty", text: "The suite is right: the server agrees to a window of " +
		"256 bytes, and then returns no message."},
	{cases: "X.*", rule: "with the same or smaller value as the offer", text: "The suite is right: a " +
		"server that accepts an offer of server_max_window_bits answers with the same or a smaller " +
		"value."},
	{cases: "X.*", rule: "that includes the \"server_no_context_takeover\"", text: "The suite is " +
		"right: a server that accepts this offer says so in its answer."},
	{cases: "X.1.19", text: "The suite is right: empty elements of a list are ignored."},
	{cases: "X.2.*", rule: "Extensions not listed by the client", text: "The suite is right: the " +
		"server accepts permessage-deflate, which was not offered."},
	{cases: "X.2.*", rule: "in accordance with the specification", text: "The suite is right: the " +
		"server returns a value that RFC 7692 does not allow."},
	{cases: "X.2.*", text: "The suite is right: a server MUST decline such an offer (RFC 7692, section 7)."},
	{cases: "X.3.*", text: "The suite is right: section 9.1 requires a server that supports " +
		"extensions to fail the connection."},
	{cases: "X.4.*", text: "The suite is right: the peer does not do what was agreed on."},
	{cases: "X.5.*", peer: "netty", rule: "MUST be 0 unless", text: "The suite is right: Netty accepts " +
		"frames with reserved bits, and returns them with the bits."},
	{cases: "X.5.*", text: "The suite is right: the peer MUST fail the connection at a reserved bit " +
		"that has no meaning there."},
	{cases: "X.6.11", text: "The suite is right that half of the message was lost. A message may have " +
		"several final blocks (RFC 7692, section 7.2.1: \"The next DEFLATE block follows the padded " +
		"data if any.\"), which most decoders do not expect."},
	{cases: "X.6.12", text: "Strictly speaking the suite is right: section 7.2.2 keeps the window, and " +
		"the peer returns another message. Most decoders start with an empty window after a final " +
		"block."},
	{cases: "X.6.*", text: "The suite is right: the message is valid, and the peer drops it."},
	{cases: "X.7.*", text: "The suite is right: the peer neither delivers the message nor fails the " +
		"connection."},

	// Clients.
	{cases: "C.1.1[67]", text: "The suite is right: a client MUST be able to parse 1xx responses (RFC " +
		"9110, section 15.2)."},
	{cases: "C.3.10", text: "The suite is right: by section 4.1, whitespace around the value is ignored."},
	{cases: "C.*", peer: "undici", rule: "MUST _Close the WebSocket Connection_", text: "The suite is " +
		"right: the client refuses the response, but leaves TCP open. Failing the connection includes " +
		"closing it (section 7.1.7)."},
	{cases: "C.7.*", text: "The suite is right: a client must close the connection at a masked frame, " +
		"although the sentence says \"if it detects\" one."},
	{cases: "C.*", verdict: "FAILED", text: "The suite is right: the client MUST fail the connection " +
		"at such a response."},
}

const (
	noVersion = "The suite is right: a response that refuses a version MUST name those that " +
		"the server understands (section 4.2.2)."
	body = "The suite is right that the peer reads the body as frames. It may refuse the " +
		"request, but only with a response."
	oneFrame = "The suite is right: x/net returns each fragment as a message."
	unasked  = "The suite is right: a server MUST NOT answer with client_max_window_bits if the " +
		"offer does not have it. The suite does not test the rest of the connection."
)
