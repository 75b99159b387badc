package main

import (
	"path"
	"slices"
)

// A known is a difference with a known reason between the verdicts of the original suite, which
// is Autobahn, and of the native suite, which is ours. An empty field matches anything.
type known struct {
	peer     string // the name of a peer, or a pattern of path.Match
	side     side
	cases    string // the id of a case, or a pattern of path.Match
	field    field
	original string // the verdict of the original suite
	native   string // the verdict of the native suite
	varies   bool   // the difference is a race, and does not occur in every run
	either   bool   // the two verdicts may also be swapped
	reason   string
}

// explains reports whether k explains a difference.
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

// varies reports whether a difference is a known race, in which two runs of the same suite
// may differ.
func varies(d difference) bool {
	return slices.ContainsFunc(knownDifferences, func(k known) bool { return k.varies && k.explains(d) })
}

// fits reports whether s matches a pattern of path.Match. An empty pattern matches anything.
func fits(pattern, s string) bool {
	ok, _ := path.Match(pattern, s)
	return ok || pattern == ""
}

// knownDifferences are all differences that have an explanation. A test fails if a difference
// no longer occurs, unless varies is set.
var knownDifferences = []known{{
	peer: "xnet", side: server, cases: "9.[34].*",
	field: behaviorClose, original: "UNCLEAN", native: "OK", varies: true,
	reason: "x/net returns each fragment as a message, up to 65,536 messages in all, and then its close " +
		"frame. The original waits one second for the close frame, but takes longer than that to read " +
		"the messages before it.",
}, {
	peer: "websockets", cases: "[34].*",
	field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "chromium", side: client, cases: "[34].*",
	field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "tornado", side: client, cases: "[34].*",
	field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "[34].*",
	field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "5.15",
	field: behavior, original: "NON-STRICT", native: "OK", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", cases: "L.9.*",
	field: behavior, original: "OK", native: "INFORMATIONAL", varies: true, either: true, reason: race,
}, {
	peer: "java-websocket", side: client,
	field: behaviorClose, original: "OK", native: "UNCLEAN", varies: true, either: true, reason: lostAnswer,
}, { // in the letter groups
	peer: "java-websocket", side: client,
	field: behaviorClose, original: "OK", native: "INFORMATIONAL", varies: true, either: true,
	reason: lostAnswer,
}, {
	peer: "java-websocket", side: client, cases: "R.*",
	original: "OK", native: "FAILED", varies: true, either: true, reason: lostAnswer,
}, {
	peer: "java-websocket", side: server, cases: "7.1.2",
	field: behaviorClose, original: "OK", native: "UNCLEAN", varies: true, either: true,
	reason: "A second close frame makes Java-WebSocket close the socket at once, even if its answer to " +
		"the first one is still queued. Either suite sees both outcomes.",
}, {
	peer: "netty", side: server,
	field: behaviorClose, original: "WRONG CODE", native: "OK", reason: secondClose,
}, {
	peer: "netty", side: server, cases: "7.3.[26]",
	field: behavior, original: "FAILED", native: "OK", reason: secondClose,
}}

// secondClose explains a peer that sends two close frames.
const secondClose = "Netty sends a close frame with the right code, and then a second one with 1000. The " +
	"original reports the code of the second frame, but by RFC 6455, section 7.1.5, the first " +
	"one counts."

// race explains a peer that reads and writes in two tasks or processes.
const race = "The suites send a message and then violate the protocol. The verdict is OK if the peer " +
	"returns the message, and NON-STRICT if not. The peer reads and writes in different tasks, " +
	"so this is a race, and either suite sees both outcomes."

// lostAnswer explains a close frame that Java-WebSocket's client does not answer.
const lostAnswer = "The writing thread of Java-WebSocket's client discards its queue if it is interrupted " +
	"during a write. A close frame that arrives while the client writes the echo, or the " +
	"request, is therefore not answered. Hawser's suite sends its close frame sooner after the " +
	"echo than the original, and sees this in one case in ten. The original sees it in one in a " +
	"hundred."
