package judges

import (
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// A row is an accepted difference: what some libraries do otherwise than we, and the
// sentence that settles it.
type row struct {
	libraries string // their names
	does      string
	section   string // of RFC 6455, unless it names another
	says      string
	right     string // "ours", "theirs" or "both"
	match     func(d *difference) bool
}

// broke makes the match of rows about rules that we found broken. The library went on
// with all that we delivered, whatever came of the rest, which no RFC covers.
func broke(list ...wire.Violation) func(d *difference) bool {
	return func(d *difference) bool { return slices.Contains(list, d.violation) && d.wentOn() }
}

// The sentences that several rows have.
const (
	failing   = "If _The WebSocket Connection is Established_ prior to the point where the endpoint is required to _Fail the WebSocket Connection_, the endpoint SHOULD send a Close frame with an appropriate status code (Section 7.4) before proceeding to _Close the WebSocket Connection_."
	reserved  = "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_."
	topBit    = "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the most significant bit MUST be 0) are the payload length."
	invalid   = "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."
	limits    = "Implementations that have implementation- and/or platform-specific limitations regarding the frame size or total message size after reassembly from multiple frames MUST protect themselves against exceeding those limits."
	control   = "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be fragmented."
	badType   = "1007 indicates that an endpoint is terminating the connection because it has received data within a message that was not consistent with the type of the message"
	fragments = "A fragmented message consists of a single frame with the FIN bit clear and an opcode other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, and terminated by a single frame with the FIN bit set and an opcode of 0."
	padded    = `When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte boundary, an endpoint MUST add minimal padding bits of 0 to make it end at a byte boundary. The next DEFLATE block follows the padded data if any.`
	inflating = "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message. [...] Decompress the resulting data using DEFLATE."
)

// frameRows are the accepted differences in reading frames. The first that matches
// counts.
var frameRows = []row{
	{
		"gorilla coder gobwas gws xnet", "waits for the whole frame, or its whole header, which never comes, where we refuse it at its first wrong octet",
		"7.1.7", failing, "both",
		func(d *difference) bool {
			// A whole header tells all but these, for some judge a frame's kind and place, or
			// count its octets, when they have read it.
			late := []wire.Violation{
				wire.ErrReservedOpcode, wire.ErrUnexpectedContinuation, wire.ErrUnfinishedMessage,
				wire.ErrMessageTooBig, wire.ErrInvalidUTF8, wire.ErrCloseCode,
			}
			return (d.headless || d.partial && slices.Contains(late, d.violation)) && d.theirs.end == atEnd && d.sameMessages()
		},
	},
	{
		"gorilla coder gobwas gws xnet", "takes a length that is not in its shortest form",
		"5.2", "Note that in all cases, the minimal number of bytes MUST be used to encode the length", "ours",
		broke(wire.ErrLengthNotMinimal),
	},
	{
		"gorilla coder gobwas gws", "has no limit on empty fragments in a row",
		"10.4", limits, "both",
		broke(wire.ErrEmptyFragments),
	},
	{
		"gorilla coder gobwas gws xnet", "has no limit on control frames with no data between them",
		"10.4", limits, "both",
		broke(wire.ErrControlFlood),
	},
	{
		"gorilla", "drops the connection without a close frame for a length with its top bit set, or one that with the fragments before it exceeds 63 bits",
		"7.1.7", failing, "ours",
		func(d *difference) bool {
			return (d.violation == wire.ErrLengthTopBit || d.violation == wire.ErrMessageTooBig) && d.dropped()
		},
	},
	{
		"coder", "drops the connection without a close frame for a frame that is not masked, or a length with its top bit set",
		"7.1.7", failing, "ours",
		func(d *difference) bool {
			return d.dropped() && (strings.Contains(d.theirs.err.Error(), "unmasked frame") ||
				strings.Contains(d.theirs.err.Error(), "negative payload length"))
		},
	},
	{
		"gws", "panics at a length with its top bit set",
		"5.2", topBit, "ours",
		func(d *difference) bool {
			return d.theirs.end == crashed && d.sameMessages() && strings.Contains(d.theirs.err.Error(), "out of range")
		},
	},
	{
		"coder", "takes masked frames as a client",
		"5.1", "A client MUST close a connection if it detects a masked frame.", "ours",
		broke(wire.ErrMasked),
	},
	{
		"gorilla", "refuses a close reason that is not UTF-8 with 1002",
		"7.4.1", badType, "ours",
		func(d *difference) bool {
			return broke(wire.ErrInvalidUTF8)(d) && strings.Contains(d.theirs.err.Error(), "invalid utf8 payload in close frame")
		},
	},
	{
		"gorilla coder xnet", "leaves it to the application to check text",
		"8.1", invalid, "ours",
		broke(wire.ErrInvalidUTF8),
	},
	{
		"gws", "checks text when its message is whole, so that something else may end the connection first",
		"8.1", invalid, "both",
		func(d *difference) bool {
			return d.violation == wire.ErrInvalidUTF8 && d.sameMessages()
		},
	},
	{
		"gorilla", "takes a close frame with one octet for one without a code",
		"5.5.1", "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer (in network byte order) representing a status code with value /code/ defined in Section 7.4.", "ours",
		func(d *difference) bool {
			return d.violation == wire.ErrClosePayload && d.theirs.end == closed && d.theirs.sent == 1005
		},
	},
	{
		"gobwas", "takes and echoes close codes from 5000 on",
		"7.4.2", "Status codes in the range 4000-4999 are reserved for private use and thus can't be registered.", "ours",
		func(d *difference) bool {
			return d.violation == wire.ErrCloseCode && d.theirs.end == closed && d.sameMessages()
		},
	},
	{
		"gorilla gobwas gws", "refuses close codes that were registered after the RFC, 1012 to 1014 or the last of them",
		"7.4.2", "Status codes in the range 1000-2999 are reserved for definition by this protocol, its future revisions, and extensions specified in a permanent and readily available public specification.", "ours",
		func(d *difference) bool {
			return d.ours.end == closed && d.theirs.end == refused && d.sameMessages() &&
				1012 <= d.ours.sent && d.ours.sent <= 1014
		},
	},
	{
		"gws", "answers 1007 where the close code is wrong and the reason is not UTF-8",
		"7.1.7", failing, "both",
		func(d *difference) bool {
			return d.violation == wire.ErrCloseCode && d.sameMessages() && d.theirs.end == refused && d.theirs.sent == 1007
		},
	},
	{
		"coder gobwas", "takes a control frame whose length is not in its shortest form",
		"5.2", "Note that in all cases, the minimal number of bytes MUST be used to encode the length", "ours",
		broke(wire.ErrControlTooLong),
	},
	{
		"gws", "answers every close code of the protocol with 1000",
		"5.5.1", "When sending a Close frame in response, the endpoint typically echos the status code it received.", "both",
		func(d *difference) bool {
			return d.ours.end == closed && d.theirs.end == closed && d.sameMessages() && d.theirs.sent == 1000
		},
	},
	{
		"gws", "answers 1009 for a frame over its limit before it sees that the frame breaks a rule",
		"10.4", limits, "both",
		func(d *difference) bool {
			return d.ours.sent == 1002 && d.theirs.end == refused && d.theirs.sent == 1009 && d.sameMessages()
		},
	},
	{
		"gorilla gobwas gws", "takes reserved bits in places where no extension gives them a meaning, once permessage-deflate is negotiated",
		"5.2", reserved, "ours",
		func(d *difference) bool { return d.deflated && broke(wire.ErrReservedBits)(d) },
	},
}

// deflateRows are those about compressed messages.
var deflateRows = []row{
	{
		"gorilla coder gobwas", "delivers a message that the end of the stream has cut off, between its frames or in a compressed one, as if it were whole",
		"5.4", fragments, "ours",
		func(d *difference) bool {
			n := len(d.ours.messages)
			return (d.ours.end == atEnd || d.partial) && len(d.theirs.messages) <= n+1 && len(d.theirs.messages) >= n &&
				slices.Equal(d.theirs.messages[:n], d.ours.messages) && d.theirs.sent == 0
		},
	},
	{
		"gorilla gws", "counts the octets of a compressed message against its limit, where we count what they inflate to",
		"10.4", limits, "both",
		func(d *difference) bool {
			return d.deflated && d.compressed && d.sameMessages() && d.theirs.end == refused && d.theirs.sent == 1009
		},
	},
	{
		"gorilla coder", "drops the connection without a close frame for compressed data that are wrong",
		"7.1.7", failing, "ours",
		func(d *difference) bool { return d.badData() && d.dropped() },
	},
	{
		"gws", "answers compressed data that are wrong with 1011",
		"7.4.1", badType, "both",
		func(d *difference) bool { return d.badData() && d.sameMessages() && d.theirs.sent == 1011 },
	},
	{
		"gws", "inflates a message when it is whole, so that something else may end the connection first",
		"7.1.7", failing, "both",
		func(d *difference) bool { return d.badData() && d.sameMessages() },
	},
	{
		"gorilla gobwas", "tells its application of compressed data that end within a block as of a stream that ends",
		"7.4.1", badType, "ours",
		func(d *difference) bool { return d.badData() && d.sameMessages() && d.theirs.end == atEnd },
	},
	{
		"gorilla coder gobwas gws", "takes compressed data that end within a block, or reads no further than the first final block; we refuse what is wrong behind it",
		"RFC 7692, 7.2.2", inflating, "both",
		func(d *difference) bool { return d.badData() && d.wentOn() },
	},
	{
		"gorilla coder gobwas gws", "reads no further than the first final block of a message, where we go on, and find text that is not UTF-8 or too many octets",
		"RFC 7692, 7.2.1", padded, "ours",
		func(d *difference) bool {
			return d.deflated && broke(wire.ErrInvalidUTF8, wire.ErrMessageTooBig)(d) && d.behindFinal()
		},
	},
	{
		"gorilla coder gobwas gws", "drops what stands behind a final block of a message",
		"RFC 7692, 7.2.1", padded, "ours",
		func(d *difference) bool { return d.deflated && d.shorter() && d.behindFinal() },
	},
	{
		"coder", "refuses what comes behind a message that ends in a final block, of which it has not read all",
		"RFC 7692, 7.2.3.4", `On platforms on which the flush method using an empty DEFLATE block with no compression is not available, implementors can choose to flush data using DEFLATE blocks with "BFINAL" set to 1.`, "ours",
		func(d *difference) bool { return d.deflated && d.brokeOff() && d.inInflating() && d.behindFinal() },
	},
	{
		"gorilla gobwas gws", "refuses a compressed message of no octets, or with its tail kept, or that ends in a final block without an octet behind it; we read them",
		"RFC 7692, 7.2.2", inflating, "theirs",
		func(d *difference) bool { return d.deflated && d.compressed && d.brokeOff() && d.inInflating() },
	},
	{
		"gorilla coder gobwas", "delivers a compressed message at its final block, before its last frame has come, or refuses it for a character that goes on there",
		"5.4", fragments, "ours",
		func(d *difference) bool {
			n := len(d.ours.messages)
			early := len(d.theirs.messages) > n && slices.Equal(d.theirs.messages[:n], d.ours.messages)
			cut := d.brokeOff() && d.theirs.err != nil && strings.Contains(d.theirs.err.Error(), "utf8")
			return d.deflated && (early || cut) && d.goesOnFinal()
		},
	},
}

// xnetRows are those about golang.org/x/net/websocket, which is old and reads frames
// rather than messages.
var xnetRows = []row{
	{
		"xnet", "delivers each frame of a message by itself",
		"5.4", "Message fragments MUST be delivered to the recipient in the order sent by the sender.", "both",
		func(d *difference) bool {
			same := d.sameEnd() && (!d.cutOff || d.ours.end != atEnd)
			return d.fragmented && d.joined() && (same || d.partial && d.theirs.end == atEnd)
		},
	},
	{
		"xnet", "delivers what there is of a frame that the end of the stream has cut off as if it were all",
		"5.2", `The length of the "Payload data", in bytes: if 0-125, that is the payload length.`, "ours",
		func(d *difference) bool {
			return d.cutOff && d.ours.end == atEnd && d.theirs.end == atEnd && d.joined()
		},
	},
	{
		"xnet", "looks at no close code, reason or length of a close frame",
		"7.4.2", "Status codes in the range 0-999 are not used.", "ours",
		func(d *difference) bool {
			unseen := []wire.Violation{wire.ErrCloseCode, wire.ErrClosePayload, wire.ErrInvalidUTF8}
			return slices.Contains(unseen, d.violation) && d.theirs.end == atEnd && d.joined()
		},
	},
	xnetRow("does not look at reserved bits", "5.2", reserved, wire.ErrReservedBits),
	xnetRow("passes over frames with reserved opcodes", "5.2",
		"If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.", wire.ErrReservedOpcode),
	xnetRow("takes the top bit of a length for a part of it, or passes over it", "5.2", topBit, wire.ErrLengthTopBit),
	xnetRow("takes control frames of any length", "5.5", control, wire.ErrControlTooLong),
	xnetRow("takes control frames in fragments", "5.5", control, wire.ErrControlFragmented),
	xnetRow("takes continuations of nothing, and messages within others", "5.4",
		"The fragments of one message MUST NOT be interleaved between the fragments of another message unless an extension has been negotiated that can interpret the interleaving.",
		wire.ErrUnexpectedContinuation, wire.ErrUnfinishedMessage),
	xnetRow("has a limit on frames, not on messages or empty fragments", "10.4", limits, wire.ErrMessageTooBig, wire.ErrEmptyFragments),
}

// xnetRow is a rule that x/net does not have: it goes on.
func xnetRow(does, section, says string, list ...wire.Violation) row {
	return row{"xnet", does, section, says, "ours", func(d *difference) bool {
		return slices.Contains(list, d.violation) && d.joined()
	}}
}

// badData reports whether we refused what a compressed message inflates to.
func (d *difference) badData() bool {
	return d.deflated && d.compressed && d.violation == 0 && d.ours.end == refused && d.ours.sent == 1007
}

// inInflating reports whether the library says that it was inflating when it refused.
func (d *difference) inInflating() bool {
	return d.theirs.err != nil && strings.Contains(d.theirs.err.Error(), "flate: ")
}

// shorter reports whether the messages are the beginnings of ours, all of which are
// there unless the library broke off, and not all of them the whole.
func (d *difference) shorter() bool {
	n := len(d.theirs.messages)
	if n > len(d.ours.messages) || n < len(d.ours.messages) && d.theirs.end != refused {
		return false
	}
	cut := false
	for i, m := range d.theirs.messages {
		ours := d.ours.messages[i]
		if m.text != ours.text || !strings.HasPrefix(ours.data, m.data) {
			return false
		}
		cut = cut || m.data != ours.data
	}
	return cut
}

// rows are all about frames.
var rows = slices.Concat(frameRows, deflateRows, xnetRows)

// accept returns the first row that a difference matches, or -1. A library that drops
// what stands behind a final block may differ in something else as well, which then has
// to have a row of its own.
func accept(rows []row, d *difference) int {
	i := slices.IndexFunc(rows, func(r row) bool {
		return slices.Contains(strings.Fields(r.libraries), d.library.name) && r.match(d)
	})
	if i >= 0 {
		return i
	}
	if other := d.restored(); other != nil {
		return accept(rows, other)
	}
	return -1
}
