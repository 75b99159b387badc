package judges

import (
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// A row is an accepted difference between some libraries and ours, with the sentence that
// settles it.
type row struct {
	libraries string // their names, separated by spaces
	does      string // how they differ
	section   string // of RFC 6455, unless it names another
	says      string // the sentence
	right     string // "ours", "theirs" or "both"
	match     func(d *difference) bool
}

// violates returns the match of a row about the rules in list. We refused the stream because
// it breaks one of them. The library delivered all messages that we did, and continued with
// any result, since no RFC says what follows.
func violates(list ...wire.Violation) func(d *difference) bool {
	return func(d *difference) bool { return slices.Contains(list, d.violation) && d.continued() }
}

// Sentences that several rows quote.
const (
	failing = "If _The WebSocket Connection is Established_ prior to the point where the endpoint is " +
		"required to _Fail the WebSocket Connection_, the endpoint SHOULD send a Close frame with an " +
		"appropriate status code (Section 7.4) before proceeding to _Close the WebSocket Connection_."
	reserved = "If a nonzero value is received and none of the negotiated extensions defines the meaning " +
		"of such a nonzero value, the receiving endpoint MUST _Fail the WebSocket Connection_."
	topBit = "If 127, the following 8 bytes interpreted as a 64-bit unsigned integer (the most " +
		"significant bit MUST be 0) are the payload length."
	invalid = "When an endpoint is to interpret a byte stream as UTF-8 but finds that the byte stream " +
		"is not, in fact, a valid UTF-8 stream, that endpoint MUST _Fail the WebSocket Connection_."
	limits = "Implementations that have implementation- and/or platform-specific limitations regarding " +
		"the frame size or total message size after reassembly from multiple frames MUST protect " +
		"themselves against exceeding those limits."
	control = "All control frames MUST have a payload length of 125 bytes or less and MUST NOT be " +
		"fragmented."
	badType = "1007 indicates that an endpoint is terminating the connection because it has received " +
		"data within a message that was not consistent with the type of the message"
	fragments = "A fragmented message consists of a single frame with the FIN bit clear and an opcode " +
		"other than 0, followed by zero or more frames with the FIN bit clear and the opcode set to 0, " +
		"and terminated by a single frame with the FIN bit set and an opcode of 0."
	padded = `When any DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte boundary, an ` +
		`endpoint MUST add minimal padding bits of 0 to make it end at a byte boundary. The next DEFLATE ` +
		`block follows the padded data if any.`
	inflating = "Append 4 octets of 0x00 0x00 0xff 0xff to the tail end of the payload of the message. " +
		"[...] Decompress the resulting data using DEFLATE."
)

// frameRows are the accepted differences in reading frames. The first match counts.
var frameRows = []row{
	{
		"gorilla coder gobwas gws xnet",
		"waits for the rest of the frame or its header, which never arrives, where we refuse the first " +
			"invalid byte",
		"7.1.7", failing, "both",
		func(d *difference) bool {
			// If the header is whole, libraries find only these violations late: some of them
			// check the kind and place of a frame, or count its bytes, after they have read it.
			late := []wire.Violation{
				wire.ErrReservedOpcode, wire.ErrUnexpectedContinuation, wire.ErrUnfinishedMessage,
				wire.ErrMessageTooBig, wire.ErrInvalidUTF8, wire.ErrCloseCode,
			}
			return (d.headerCutOff || d.frameCutOff && slices.Contains(late, d.violation)) &&
				d.theirs.end == endOfStream && d.sameMessages()
		},
	},
	{
		"gorilla coder gobwas gws xnet", "accepts a length that is not in its shortest form",
		"5.2", "Note that in all cases, the minimal number of bytes MUST be used to encode the length",
		"ours",
		violates(wire.ErrLengthNotMinimal),
	},
	{
		"gorilla coder gobwas gws", "has no limit on empty fragments in a row",
		"10.4", limits, "both",
		violates(wire.ErrEmptyFragments),
	},
	{
		"gorilla coder gobwas gws xnet", "has no limit on control frames with no data between them",
		"10.4", limits, "both",
		violates(wire.ErrControlFlood),
	},
	{
		"gorilla", "drops the connection without a close frame for a length with its top bit set, or a " +
			"message of 2^63 bytes or more",
		"7.1.7", failing, "ours",
		func(d *difference) bool {
			return (d.violation == wire.ErrLengthTopBit || d.violation == wire.ErrMessageTooBig) &&
				d.dropped()
		},
	},
	{
		"coder", "drops the connection without a close frame for a frame that is not masked, or a length " +
			"with its top bit set",
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
			return d.theirs.end == crashed && d.sameMessages() &&
				strings.Contains(d.theirs.err.Error(), "out of range")
		},
	},
	{
		"coder", "accepts masked frames as a client",
		"5.1", "A client MUST close a connection if it detects a masked frame.", "ours",
		violates(wire.ErrMasked),
	},
	{
		"gorilla", "refuses a close reason that is not UTF-8 with 1002",
		"7.4.1", badType, "ours",
		func(d *difference) bool {
			return violates(wire.ErrInvalidUTF8)(d) &&
				strings.Contains(d.theirs.err.Error(), "invalid utf8 payload in close frame")
		},
	},
	{
		"gorilla coder xnet", "leaves the validation of text to the application",
		"8.1", invalid, "ours",
		violates(wire.ErrInvalidUTF8),
	},
	{
		"gws", "validates text only when the message is whole, so that something else may end the " +
			"connection first",
		"8.1", invalid, "both",
		func(d *difference) bool {
			return d.violation == wire.ErrInvalidUTF8 && d.sameMessages()
		},
	},
	{
		"gorilla", "reads a close frame with one byte as one without a code",
		"5.5.1", "If there is a body, the first two bytes of the body MUST be a 2-byte unsigned integer " +
			"(in network byte order) representing a status code with value /code/ defined in Section 7.4.",
		"ours",
		func(d *difference) bool {
			return d.violation == wire.ErrClosePayload && d.theirs.end == closed && d.theirs.sent == 1005
		},
	},
	{
		"gobwas", "accepts and echoes close codes from 5000 on",
		"7.4.2", "Status codes in the range 4000-4999 are reserved for private use and thus can't be " +
			"registered.", "ours",
		func(d *difference) bool {
			return d.violation == wire.ErrCloseCode && d.theirs.end == closed && d.sameMessages()
		},
	},
	{
		"gorilla gobwas gws",
		"refuses close codes that were registered after the RFC, 1012 to 1014, or only 1014",
		"7.4.2", "Status codes in the range 1000-2999 are reserved for definition by this protocol, its " +
			"future revisions, and extensions specified in a permanent and readily available public " +
			"specification.", "ours",
		func(d *difference) bool {
			return d.ours.end == closed && d.theirs.end == refused && d.sameMessages() &&
				1012 <= d.ours.sent && d.ours.sent <= 1014
		},
	},
	{
		"gws", "answers 1007 if the close code is invalid and the reason is not UTF-8",
		"7.1.7", failing, "both",
		func(d *difference) bool {
			return d.violation == wire.ErrCloseCode && d.sameMessages() && d.theirs.end == refused &&
				d.theirs.sent == 1007
		},
	},
	{
		"coder gobwas", "accepts a control frame whose length is not in its shortest form",
		"5.2", "Note that in all cases, the minimal number of bytes MUST be used to encode the length",
		"ours",
		violates(wire.ErrControlTooLong),
	},
	{
		"gws", "answers every valid close code with 1000",
		"5.5.1", "When sending a Close frame in response, the endpoint typically echos the status code it " +
			"received.", "both",
		func(d *difference) bool {
			return d.ours.end == closed && d.theirs.end == closed && d.sameMessages() && d.theirs.sent == 1000
		},
	},
	{
		"gws", "answers 1009 for a frame over its limit that also breaks a rule",
		"10.4", limits, "both",
		func(d *difference) bool {
			return d.ours.sent == 1002 && d.theirs.end == refused && d.theirs.sent == 1009 && d.sameMessages()
		},
	},
	{
		"gorilla gobwas gws",
		"accepts reserved bits that no extension defines, if permessage-deflate is negotiated",
		"5.2", reserved, "ours",
		func(d *difference) bool { return d.deflated && violates(wire.ErrReservedBits)(d) },
	},
}

// deflateRows are the accepted differences in reading compressed messages.
var deflateRows = []row{
	{
		"gorilla coder gobwas",
		"delivers a message that the end of the stream cuts off, between frames or in a compressed one, " +
			"as if it were whole",
		"5.4", fragments, "ours",
		func(d *difference) bool {
			n := len(d.ours.messages)
			return (d.ours.end == endOfStream || d.frameCutOff) && len(d.theirs.messages) <= n+1 &&
				len(d.theirs.messages) >= n &&
				slices.Equal(d.theirs.messages[:n], d.ours.messages) && d.theirs.sent == 0
		},
	},
	{
		"gorilla gws", "applies its limit to the compressed message, where we apply it to the inflated one",
		"10.4", limits, "both",
		func(d *difference) bool {
			return d.deflated && d.compressed && d.sameMessages() && d.theirs.end == refused &&
				d.theirs.sent == 1009
		},
	},
	{
		"gorilla coder", "drops the connection without a close frame for invalid compressed data",
		"7.1.7", failing, "ours",
		func(d *difference) bool { return d.badData() && d.dropped() },
	},
	{
		"gws", "answers invalid compressed data with 1011",
		"7.4.1", badType, "both",
		func(d *difference) bool { return d.badData() && d.sameMessages() && d.theirs.sent == 1011 },
	},
	{
		"gws", "inflates a message only when it is whole, so that something else may end the connection " +
			"first",
		"7.1.7", failing, "both",
		func(d *difference) bool { return d.badData() && d.sameMessages() },
	},
	{
		"gorilla gobwas", "returns the error of the end of the stream for compressed data that ends " +
			"within a block",
		"7.4.1", badType, "ours",
		func(d *difference) bool { return d.badData() && d.sameMessages() && d.theirs.end == endOfStream },
	},
	{
		"gorilla coder gobwas gws",
		"accepts compressed data that ends within a block, or stops at the first final block, where we " +
			"refuse a later fault",
		"RFC 7692, 7.2.2", inflating, "both",
		func(d *difference) bool { return d.badData() && d.continued() },
	},
	{
		"gorilla coder gobwas gws",
		"stops at the first final block of a message, where we read on, and find invalid UTF-8 or a " +
			"message over the limit",
		"RFC 7692, 7.2.1", padded, "ours",
		func(d *difference) bool {
			return d.deflated && violates(wire.ErrInvalidUTF8, wire.ErrMessageTooBig)(d) && d.dataAfterFinal()
		},
	},
	{
		"gorilla coder gobwas gws", "drops the data after a final block of a message",
		"RFC 7692, 7.2.1", padded, "ours",
		func(d *difference) bool { return d.deflated && d.shorter() && d.dataAfterFinal() },
	},
	{
		"coder", "refuses the frames after a message with a final block, because it has not read all of " +
			"the message",
		"RFC 7692, 7.2.3.4",
		`On platforms on which the flush method using an empty DEFLATE block with no compression is not ` +
			`available, implementors can choose to flush data using DEFLATE blocks with "BFINAL" set to 1.`,
		"ours",
		func(d *difference) bool {
			return d.deflated && d.refusedEarlier() && d.inflateError() && d.dataAfterFinal()
		},
	},
	{
		"gorilla gobwas gws",
		"refuses a compressed message that is empty, keeps its tail, or ends with a final block; we read " +
			"them",
		"RFC 7692, 7.2.2", inflating, "theirs",
		func(d *difference) bool {
			return d.deflated && d.compressed && d.refusedEarlier() && d.inflateError()
		},
	},
	{
		"gorilla coder gobwas",
		"delivers a compressed message at its final block, before its last frame, or refuses a character " +
			"that is whole only after it",
		"5.4", fragments, "ours",
		func(d *difference) bool {
			n := len(d.ours.messages)
			early := len(d.theirs.messages) > n && slices.Equal(d.theirs.messages[:n], d.ours.messages)
			cut := d.refusedEarlier() && d.theirs.err != nil && strings.Contains(d.theirs.err.Error(), "utf8")
			return d.deflated && (early || cut) && d.continuesAfterFinal()
		},
	},
}

// xnetRows are the accepted differences of golang.org/x/net/websocket, which is old and reads
// frames rather than messages.
var xnetRows = []row{
	{
		"xnet", "delivers each frame of a message separately",
		"5.4", "Message fragments MUST be delivered to the recipient in the order sent by the sender.",
		"both",
		func(d *difference) bool {
			same := d.sameEnd() && (!d.cutOff || d.ours.end != endOfStream)
			return d.fragmented && d.joined() && (same || d.frameCutOff && d.theirs.end == endOfStream)
		},
	},
	{
		"xnet", "delivers a frame that the end of the stream cuts off as if it were whole",
		"5.2", `The length of the "Payload data", in bytes: if 0-125, that is the payload length.`, "ours",
		func(d *difference) bool {
			return d.cutOff && d.ours.end == endOfStream && d.theirs.end == endOfStream && d.joined()
		},
	},
	{
		"xnet", "does not check the code, reason or length of a close frame",
		"7.4.2", "Status codes in the range 0-999 are not used.", "ours",
		func(d *difference) bool {
			unseen := []wire.Violation{wire.ErrCloseCode, wire.ErrClosePayload, wire.ErrInvalidUTF8}
			return slices.Contains(unseen, d.violation) && d.theirs.end == endOfStream && d.joined()
		},
	},
	xnetRow("does not check reserved bits", "5.2", reserved, wire.ErrReservedBits),
	xnetRow("skips frames with reserved opcodes", "5.2",
		"If an unknown opcode is received, the receiving endpoint MUST _Fail the WebSocket Connection_.",
		wire.ErrReservedOpcode),
	xnetRow("reads the top bit of a length as a part of it, or ignores it", "5.2", topBit,
		wire.ErrLengthTopBit),
	xnetRow("accepts control frames of any length", "5.5", control, wire.ErrControlTooLong),
	xnetRow("accepts fragmented control frames", "5.5", control, wire.ErrControlFragmented),
	xnetRow("accepts continuations without a message, and messages within others", "5.4",
		"The fragments of one message MUST NOT be interleaved between the fragments of another message "+
			"unless an extension has been negotiated that can interpret the interleaving.",
		wire.ErrUnexpectedContinuation, wire.ErrUnfinishedMessage),
	xnetRow("limits frames, but not messages or empty fragments", "10.4", limits, wire.ErrMessageTooBig,
		wire.ErrEmptyFragments),
}

// xnetRow returns the row for a rule that x/net does not enforce.
func xnetRow(does, section, says string, list ...wire.Violation) row {
	return row{"xnet", does, section, says, "ours", func(d *difference) bool {
		return slices.Contains(list, d.violation) && d.joined()
	}}
}

// badData reports whether we refused compressed data or the text in it.
func (d *difference) badData() bool {
	return d.deflated && d.compressed && d.violation == 0 && d.ours.end == refused && d.ours.sent == 1007
}

// inflateError reports whether the library's error is about decompression.
func (d *difference) inflateError() bool {
	return d.theirs.err != nil && strings.Contains(d.theirs.err.Error(), "flate: ")
}

// shorter reports whether each message of the library is a prefix of our message, and some
// are shorter. Only a library that refused the stream may have fewer messages.
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

// rows are all rows about frames.
var rows = slices.Concat(frameRows, deflateRows, xnetRows)

// accept returns the index of the first row that matches a difference, or -1. A library
// that drops the data after a final block may also differ in something else, which needs
// its own row.
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
