package main

import (
	"path"
	"slices"
)

// A known difference is one whose reason was found. Empty fields fit anything.
type known struct {
	peer     string // a peer's name, or a pattern of path.Match
	side     side
	cases    string // a case's id, or a pattern of path.Match
	field    field
	original string
	native   string
	varies   bool // it is not there in every run
	either   bool // it also comes the other way round
	reason   string
}

// explains reports whether k is the reason of a difference.
func (k known) explains(d difference) bool {
	return k.forRun(d.Run) && fits(k.cases, d.Case) && (k.field == "" || k.field == d.Field) &&
		(k.between(d.Original, d.Native) || k.either && k.between(d.Native, d.Original))
}

func (k known) between(original, native string) bool {
	return (k.original == "" || k.original == original) && (k.native == "" || k.native == native)
}

func (k known) forRun(r run) bool {
	return fits(k.peer, r.Peer) && (k.side == "" || k.side == r.Side)
}

// varies reports whether a difference is a known race, which two runs of one suite may
// see end differently.
func varies(d difference) bool {
	return slices.ContainsFunc(knownDifferences, func(k known) bool { return k.varies && k.explains(d) })
}

// fits matches a pattern of path.Match; the empty one fits anything.
func fits(pattern, s string) bool {
	ok, _ := path.Match(pattern, s)
	return ok || pattern == ""
}

// knownDifferences lists all that are explained. One that does not vary and is
// not found any more fails the tests.
var knownDifferences = []known{{
	peer: "xnet", side: server, cases: "9.[34].*", field: behaviorClose, original: "UNCLEAN", native: "OK", varies: true,
	reason: "x/net returns each of the up to 65,536 fragments as a message, with its close frame behind them. " +
		"The original allows a server one second for that frame, and needs more than that to read what comes before it.",
}, {
	peer: "websockets", cases: "[34].*", field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "chromium", side: client, cases: "[34].*", field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "tornado", side: client, cases: "[34].*", field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "[34].*", field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "5.15", field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "L.9.*", field: behavior, original: "OK", native: "INFORMATIONAL", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", side: client, field: behaviorClose, original: "OK", native: "UNCLEAN", varies: true, either: true, reason: lostAnswer,
}, { // in the letter groups
	peer: "java-websocket", side: client, field: behaviorClose, original: "OK", native: "INFORMATIONAL", varies: true, either: true, reason: lostAnswer,
}, {
	peer: "java-websocket", side: client, cases: "R.*", original: "OK", native: "FAILED", varies: true, either: true, reason: lostAnswer,
}, {
	peer: "java-websocket", side: server, cases: "7.1.2", field: behaviorClose, original: "OK", native: "UNCLEAN", varies: true, either: true,
	reason: "A second close frame makes Java-WebSocket close the socket at once, even if its answer to the first is still queued. " +
		"Both suites see either end.",
}, {
	peer: "netty", side: server, original: "WRONG CODE", native: "OK", field: behaviorClose, reason: secondClose,
}, {
	peer: "netty", side: server, cases: "7.3.[26]", original: "FAILED", native: "OK", field: behavior, reason: secondClose,
}}

// secondClose is the reason where a peer sends two close frames.
const secondClose = "Netty sends a close frame with the right code, and a second one with 1000. The original takes the " +
	"second code for the peer's; by RFC 6455, section 7.1.5, the first one counts."

// race is the reason where a peer reads and answers in two tasks or processes.
const race = "A message and then a breach of the protocol: OK if the message is returned, NON-STRICT if not. " +
	"The peer does not return it where it reads, so that it is a race, which either suite sees end either way."

// lostAnswer is the reason where Java-WebSocket's client does not answer a close frame.
const lostAnswer = "The thread of Java-WebSocket's client that writes ends without sending what is queued if it is interrupted while it " +
	"writes. A close frame that comes while the echo, or the request, is being written is therefore not answered. Hawser's " +
	"suite sends its close frame sooner after the echo than the original, and sees this in one case of ten; the original in one of a hundred."
