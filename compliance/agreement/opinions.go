package main

// An opinion says who is right about the verdicts on a case: the suite, the peer, or
// nobody because the RFCs leave it open.
type opinion struct {
	cases, peer string // patterns of path.Match; "" fits anything
	verdict     string // of the behavior; "" fits any
	text        string
}

// opinionOn returns the opinion on a verdict, "" if there is none.
func opinionOn(f finding) string {
	for _, o := range opinions {
		if fits(o.cases, f.Case.ID) && fits(o.peer, f.Run.Peer) && (o.verdict == "" || o.verdict == string(f.Result.Behavior)) {
			return o.text
		}
	}
	return ""
}

// opinions are looked at in this order; the first that fits counts.
var opinions = []opinion{
	{verdict: "INFORMATIONAL", text: "Nobody is wrong: the RFCs leave it open."},
	{verdict: "UNIMPLEMENTED", text: "Nobody is wrong: the peer declines an extension or a parameter, as it may."},
	{cases: "R.9.[1-3]", text: "The peer may: no RFC says with which code a close frame is answered. The codes are newer than its table."},
	{verdict: "OK", text: "The peer refuses what it should. How it ends the connection is a matter of style: section 7.1.7 says that it SHOULD send a close frame."},

	// The opening handshake.
	{cases: "H.1.*", verdict: "NON-STRICT", text: "The suite is right: the RFC says SHOULD NOT."},
	{cases: "H.1.*", verdict: "FAILED", text: "The suite is right: section 4.2.1 asks for an HTTP/1.1 GET, and for an HTTP error code where the request is none."},
	{cases: "H.2.2", verdict: "FAILED", text: noVersion}, {cases: "H.2.[3-6]", verdict: "FAILED", text: noVersion},
	{cases: "H.2.1[12]", text: twice},
	{cases: "H.2.13", text: "The suite is right: RFC 9110 demands the Upgrade field of a 426."},
	{cases: "H.2.*", verdict: "NON-STRICT", text: "The suite is right: the server stops, but MUST also return an HTTP error code (section 4.2.1)."},
	{cases: "H.6.2", peer: "tungstenite", text: "Doubtful: tungstenite takes many small reads for an attack and drops TCP. No RFC forbids such a guard, but a response would be right."},
	{cases: "X.6.12", text: "The suite is right by the letter: section 7.2.2 keeps the window. Most decoders start anew after a final block."},
	{cases: "R.10.*", peer: "java-websocket", text: "The suite is right, though the cause is a race: the answer is lost now and then."},
	{cases: "H.2.*", verdict: "FAILED", text: "The suite is right: the value must be 13, in the digits of the ABNF."},
	{cases: "H.3.[89]", text: twice},
	{cases: "H.3.*", verdict: "NON-STRICT", text: "The peer may: section 4.2.2 says that a server need not decode the key."},
	{cases: "H.3.*", text: "The suite is right: without a key there is no handshake."},
	{cases: "H.4.[56]", text: "The suite is right: the fields of a list may be split, and may have empty elements (RFC 9110, section 5.6.1)."},
	{cases: "H.4.9", text: "The peer may: a server may ignore Upgrade (RFC 9110, section 7.8)."},
	{cases: "H.4.*", text: "The suite is right: Upgrade and Connection are compared as tokens, and a request without them is no handshake."},
	{cases: "H.5.[12]", text: "The suite is right: a request without exactly one Host is answered with 400 (RFC 9112, section 3.2)."},
	{cases: "H.5.6", text: "The suite is right: optional white space is no part of the value (RFC 9112, section 5.1). Node.js takes a tab at the end for one."},
	{cases: "H.5.1[67]", text: body}, {cases: "H.5.21", text: body},
	{cases: "H.5.9", text: "The suite is right: a request that is none gets a response that says so."},
	{cases: "H.5.*", text: "The suite is right: RFC 9112 says what a server does with such a request."},
	{cases: "H.6.13", peer: "websockets", text: "The suite is right: the server sends its pong before the 101, though the client broke a rule first."},
	{cases: "H.6.13", text: early}, {cases: "H.9.[12]", text: early},
	{cases: "H.9.4", text: "The peer may: fields larger than it wishes to process get a 4xx (RFC 9110, section 5.4)."},
	{cases: "H.7.*", text: "The suite is right: the server answers a subprotocol that is no token."},

	// Frames.
	{cases: "L.1.*", text: "The suite is right: the top bit of a 64-bit length must be 0."},
	{cases: "L.2.*", text: "The peer may: \"the minimal number of bytes MUST be used\" binds who sends. No peer here refuses it."},
	{cases: "L.3.*", peer: "xnet", text: oneFrame}, {cases: "L.3.*", text: "The suite is right, if the peer has no limit. L.7.1 shows whether it has one."},
	{cases: "L.4.*", text: "The suite is right: control frames have at most 125 bytes and are not fragmented."},
	{cases: "L.5.*", text: "The suite is right: a server must close, and the frame was taken."},
	{cases: "L.6.*", text: oneFrame}, {cases: "L.7.*", peer: "xnet", text: oneFrame}, {cases: "R.*", peer: "xnet", text: oneFrame},
	{cases: "L.9.*", text: "The suite is right: the peer misses what it must refuse."},
	{cases: "R.9.[4-6]", text: "The suite is right: a reason is UTF-8, and the peer takes or returns one that is not."},
	{cases: "L.8.*", text: "The suite is right that a message came back changed: the decoder of undici drops U+FEFF."},

	// permessage-deflate.
	{cases: "X.1.8", text: "The peer may: 15 is what holds without the parameter."},
	{cases: "X.1.12", text: "The peer may refuse, though the offer is a valid one."},
	{cases: "X.1.1[456]", peer: "ws", text: refuses}, {cases: "X.1.1[456]", peer: "gobwas", text: refuses},
	{cases: "X.1.*", text: "The suite is right: a server that accepts an offer has to answer what it asks for, and nothing that it does not offer."},
	{cases: "X.2.*", verdict: "NON-STRICT", text: refuses},
	{cases: "X.2.*", text: "The suite is right: a server MUST decline such an offer (RFC 7692, section 7)."},
	{cases: "X.3.*", text: "The suite is right for a server that knows extensions: section 9.1 has it fail the connection."},
	{cases: "X.4.[12]", peer: "websockets", text: "The suite is right: the peer offers client_max_window_bits, and fails when 8 is answered."},
	{cases: "X.4.*", text: "The suite is right: the peer uses another window than it agreed to, or agrees without saying so."},
	{cases: "X.5.*", text: "The suite is right: the peer MUST fail the connection at a reserved bit that means nothing."},
	{cases: "X.6.11", text: "The suite is right: a message may have several final blocks (RFC 7692, section 7.2.1), and half of it was lost."},
	{cases: "X.6.*", text: "The suite is right: the message is a valid one, and the peer drops it."},
	{cases: "X.7.12", text: "No RFC names a code or says when a message is cut off; the peer hands over half of it."},
	{cases: "X.7.*", text: "The suite is right: the peer neither hands the message over nor fails the connection."},
	{cases: "X.8.*", text: "The suite is right: the limit of the peer is not applied to what is inflated."},

	// Clients.
	{cases: "C.1.10", text: "Doubtful: section 4.2.2 says that the response \"could look like\" HTTP/1.1, and binds no client to refuse 1.0."},
	{cases: "C.1.1[67]", text: "The suite is right: a client MUST be able to parse 1xx responses (RFC 9110, section 15.2)."},
	{cases: "C.6.10", text: "The peer may: \"ought to\" is no SHOULD."},
	{cases: "C.*", peer: "undici", text: "The suite is right: the client refuses, and leaves TCP open. To fail the connection is to close it (section 7.1.7)."},
	{cases: "C.7.*", text: "The suite is right: a client must close the connection at a masked frame."},
	{cases: "C.*", verdict: "FAILED", text: "The suite is right: the client MUST fail the connection at such a response."},
}

const (
	noVersion = "The suite is right: a response that refuses a version MUST name those that are understood (section 4.2.2)."
	twice     = "\"MUST NOT appear more than once\" binds the client. A server that compares the first value only misses that the combined one has another syntax."
	body      = "The suite is right that the peer takes the body for frames. It may refuse the request, but with a response."
	early     = "The client breaks a rule first: it MUST wait for the response. The peer may refuse."
	refuses   = "The peer may: it declines the offer, and the connection with it."
	oneFrame  = "The suite is right: x/net hands over each fragment as a message."
)
