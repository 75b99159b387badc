package suite

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// pieces returns a compressed message in fragments of n bytes.
func pieces(op wire.Opcode, payload []byte, n int) []frame {
	var frames []frame
	for c := range slices.Chunk(payload, n) {
		frames = append(frames, frame{op: wire.OpContinuation, payload: c, more: true})
	}
	frames[0].op, frames[0].rsv = op, 4
	frames[len(frames)-1].more = false
	return frames
}

// dynamic compresses data in blocks with dynamic codes.
func dynamic(data string) []byte {
	var b bytes.Buffer
	w, err := flate.NewWriter(&b, 9)
	if err != nil {
		panic("BUG: suite: " + err.Error())
	}
	_, _ = w.Write([]byte(data)) // a bytes.Buffer does not fail
	_ = w.Flush()
	return bytes.TrimSuffix(b.Bytes(), []byte(tail))
}

// compressedRows are compressed messages in rare but valid forms.
func compressedRows() []letterCase {
	form := rule7692("6.2", "An endpoint MUST use the following algorithm to receive a message in the "+
		"form of a compressed message. 1. Concatenate the payload data portion of the received frames of "+
		"the compressed message.")
	row := func(what, data string, frames ...frame) letterCase {
		return letterCase{what, "It comes back.", form, func(s *script) {
			s.openDeflate(side{})
			s.send(frames...)
			s.comesBack(wire.OpText, []byte(data))
		}}
	}
	one := func(payload []byte) frame { return frame{op: wire.OpText, rsv: 4, payload: payload} }
	fresh := func() *crafter { return &crafter{} }
	hello := func(final int) *crafter { return fresh().begin(final).text("Hello").end() }
	final := rule7692("6.2", form.Text+` [Section 7.2.1 adds:] An endpoint MAY use both DEFLATE blocks `+
		`with the "BFINAL" bit set to 0 and DEFLATE blocks with the "BFINAL" bit set to 1. When any `+
		`DEFLATE block with the "BFINAL" bit set to 1 doesn't end at a byte boundary, an endpoint MUST `+
		`add minimal padding bits of 0 to make it end at a byte boundary. The next DEFLATE block follows `+
		`the padded data if any.`)
	finals := func(what, data string, payload []byte) letterCase {
		r := row(what, data, one(payload))
		r.rule = final
		return r
	}
	poem := strings.Repeat("Rosen, Tulpen, Nelken – alle Blumen welken. ", 30)
	packed := dynamic(poem)
	rows := []letterCase{
		row("A message in a block of fixed codes.", "Hello", one(hello(0).message())),
		row("A message in a stored block.", "Hello", one(fresh().stored(0, "Hello").message())),
		row("A message in a block of dynamic codes.", poem, one(packed)),
		row("A message in five blocks of three kinds.", "HelloHelloHello"+poem,
			one(append(hello(0).stored(0, "Hello").stored(0, "").stored(0, "Hello").out, packed...))),
		row("An empty message, which is an empty stored block, one byte.", "", one([]byte{0})),
		row("An empty message, which is an empty block of fixed codes.", "",
			one(fresh().begin(0).end().message())),
		row("An empty message in two stored blocks.", "", one(fresh().stored(0, "").message())),
		row("A plain empty message.", "", textFrame("")),
		row("A plain message.", "Hello", textFrame("Hello")),
		finals("A message in a final block.", "Hello", hello(1).align().message()),
		finals("A message in two final blocks.", "HelloHello",
			hello(1).align().begin(1).text("Hello").end().align().message()),
		finalWindowRow(final, hello(1).align().message(),
			fresh().begin(1).match(5, 5).end().align().message()),
		finals("A message in a final stored block.", "Hello", fresh().stored(1, "Hello").message()),
		row("A message in fragments of 1 byte.", poem, pieces(wire.OpText, packed, 1)...),
		row("A message in fragments of 7 bytes.", poem, pieces(wire.OpText, packed, 7)...),
		row("A message of 1 byte in one fragment, then an empty one.", "",
			frame{op: wire.OpText, rsv: 4, payload: []byte{0}, more: true}, cont("")),
		row("A message that begins with an empty fragment.", "Hello",
			frame{op: wire.OpText, rsv: 4, more: true}, cont(string(hello(0).message()))),
		row("A message written byte by byte.", poem,
			frame{op: wire.OpText, rsv: 4, payload: packed, chop: 1}),
		{"A compressed message in fragments, with pings between.",
			"The pings are answered, and the message comes back.", ruleInterleaved, func(s *script) {
				s.openDeflate(side{})
				for i, f := range pieces(wire.OpText, packed, 9) {
					s.send(f)
					if f.more {
						s.send(ping(fmt.Sprint(i)))
						s.pong(fmt.Sprint(i))
					}
				}
				s.comesBack(wire.OpText, []byte(poem))
			}},
	}
	return append(rows, oddRows()...)
}

// finalWindowRow returns a case with a message in a final block, and one that refers back to it. A final
// block ends what RFC 1951 calls a data set. RFC 7692 does not say whether the window is kept after that.
func finalWindowRow(r report.Rule, first, second []byte) letterCase {
	return letterCase{"A message in a final block, then one that refers to it.",
		"The first comes back. So does the second, if the peer keeps its window across a final block.", r,
		func(s *script) {
			s.openDeflate(side{ourBits: -1})
			if _, no := s.ours(); no {
				s.inform("The peer does not let us take over context.")
			}
			s.send(frame{op: wire.OpText, rsv: 4, payload: first})
			s.comesBack(wire.OpText, []byte("Hello"))
			s.send(frame{op: wire.OpText, rsv: 4, payload: second})
			g := s.next(s.o.HandshakeTimeout)
			switch {
			case g.kind == gotMessage && !g.binary && string(g.data) == "Hello":
				return
			case g.kind == gotClose, g.kind == gotEOF:
				s.refusedBy(g, inflateCodes...)
			case g.kind == gotMessage:
				s.against(ruleInvalidData, "Another message came back, %q. A peer that does not keep its "+
					"window has to refuse the second message.", report.Text(g.data))
			default:
				s.against(ruleInvalidData,
					"The peer neither returned the second message nor closed the connection.")
			}
			s.against(ruleDataSet, "The peer does not keep its window across a final block.")
		}}
}

// ruleDataSet defines a final block.
var ruleDataSet = httpRule("1951", "3.2.3", "",
	"BFINAL is set if and only if this is the last block of the data set.")

// oddRows are compressed messages in forms for which the RFC does not define a reaction.
func oddRows() []letterCase {
	r := rule7692("7.2.1", `Remove 4 octets (that are 0x00 0x00 0xff 0xff) from the tail end. After this `+
		`step, the last octet of the compressed data contains (possibly part of) the DEFLATE header bits `+
		`with the "BTYPE" bits set to 00.`)
	r.Level = ""
	row := func(what, data string, payload []byte) letterCase {
		return letterCase{what, "The message comes back, or the peer fails the connection.", r,
			func(s *script) {
				s.openDeflate(side{})
				s.send(frame{op: wire.OpText, rsv: 4, payload: payload})
				switch g := s.next(s.o.HandshakeTimeout); {
				case g.kind == gotClose, g.kind == gotEOF:
					s.refusedBy(g, inflateCodes...)
				case g.kind == gotMessage && string(g.data) == data:
					s.setVerdict(report.Informational, "The peer accepted it.")
				default:
					s.against(ruleInvalidData, "Expected the message or the end of the connection; got %s.",
						g.words())
				}
			}}
	}
	hello := (&crafter{}).begin(0).text("Hello").end()
	return []letterCase{
		row("A compressed message of no bytes.", "", nil),
		row("A message that keeps its tail.", "Hello", append(hello.message(), tail...)),
		row("A message that ends in a final block, without the byte that should follow.", "Hello",
			(&crafter{}).begin(1).text("Hello").end().align().out),
	}
}

// ruleInvalidData is for data that does not inflate.
var ruleInvalidData = rule("10.7", "MUST",
	"Incoming data MUST always be validated by both clients and servers. If, at any time, an endpoint is "+
		"faced with data that it does not understand or that violates some criteria by which the endpoint "+
		"determines safety of input [...], the endpoint MAY drop the TCP connection. If the invalid data "+
		"was received after a successful WebSocket handshake, the endpoint SHOULD send a Close frame with "+
		"an appropriate status code (Section 7.4) before proceeding to _Close the WebSocket Connection_.")

// inflateCodes are appropriate codes for data that does not inflate. No RFC names one.
var inflateCodes = []int{codeProtocolError, codeUnsupported, codeInvalidPayload, codePolicy,
	codeInternalError}

// garbageRows are messages that cannot be inflated, or that inflate to invalid text.
func garbageRows() []letterCase {
	row := func(r report.Rule, what, want string, op wire.Opcode, payload []byte, codes ...int) letterCase {
		return letterCase{what, want, r, func(s *script) {
			s.openDeflate(side{})
			s.send(frame{op: op, rsv: 4, payload: payload})
			s.markSent(len(s.last.raw)-len(payload), len(payload),
				"This does not inflate to a valid message.")
			s.refused(codes...)
		}}
	}
	bad := func(what string, payload []byte) letterCase {
		return row(ruleInvalidData, what, "The peer fails the connection. No RFC names a code for this.",
			wire.OpBinary, payload, inflateCodes...)
	}
	text := func(what, s string) letterCase {
		return row(ruleText, what, "The peer fails the connection with 1007.", wire.OpText,
			(&crafter{}).begin(0).text(s).end().message(), codeInvalidPayload)
	}
	fresh := func() *crafter { return &crafter{} }
	hello := func() *crafter { return fresh().begin(0).text("Hello") }
	return []letterCase{
		bad("A block of reserved type 3.", []byte{0x06, 0x12, 0x34, 0x56}),
		bad("Text that was never compressed.", []byte("Hello, this is no DEFLATE at all.")),
		bad("A stored block whose two lengths do not match.",
			[]byte("\x00\x05\x00\x00\x00Hello\x00")),
		bad("A distance beyond the beginning of the data.", hello().match(5, 6).end().message()),
		bad("A distance of 32,768 in an empty window.", fresh().begin(0).match(3, 32768).end().message()),
		bad("The reserved length code 286.", hello().symbol(286).end().message()),
		bad("The reserved distance code 30.", hello().symbol(257).bits(15, 5).end().message()),
		bad("Invalid code lengths.", []byte{0x04, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}),
		text("Text that is not UTF-8.", "Hello \xff world"),
		text("Text with a surrogate.", "Hello \xed\xa0\x80"),
		text("Text that ends within a character.", "Hello \xc3"),
		cutRow(),
	}
}

// cutRow returns a case with a message whose last block does not end.
func cutRow() letterCase {
	return letterCase{"A message that is cut off in the middle of a block.",
		"The peer fails the connection, or accepts the incomplete message. No RFC covers this.",
		ruleInvalidData,
		func(s *script) {
			s.openDeflate(side{})
			packed := dynamic(strings.Repeat("Rosen, Tulpen, Nelken. ", 60))
			s.send(frame{op: wire.OpBinary, rsv: 4, payload: packed[:len(packed)-8]})
			s.markSent(len(s.last.raw)-1, 1, "The block is cut off here.")
			g := s.reaction()
			if g.kind == gotMessage {
				s.inform("The peer accepted the incomplete message; got %s.", g.words())
			}
			if g.kind == gotPong || g.kind == gotNothing {
				s.broke("The peer neither returned a message nor closed the connection.")
			}
			s.refusedBy(g, inflateCodes...)
		}}
}

// bomb returns a compressed message of 258 n + 1 zeros in about n/4 bytes: a block with a code of one
// bit for the longest match, and one for its distance.
func bomb(n int) []byte {
	c := (&crafter{}).bits(0, 1).bits(2, 2).bits(29, 5).bits(0, 5).bits(14, 4)
	// The code of code length 18 has one bit, and those of 1 and 2 have two.
	for _, length := range []int{0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 2} {
		c.bits(length, 3)
	}
	one, two := func() { c.bits(1, 2) }, func() { c.bits(3, 2) } // highest bit first: 10, 11
	zeros := func(n int) { c.bits(0, 1).bits(n-11, 7) }
	two() // the literal 0
	zeros(138)
	zeros(117)
	two() // the end of the block
	zeros(28)
	one()        // the length 258
	one()        // the distance 1
	c.bits(1, 2) // the literal 0: its code is 10
	for range n {
		c.bits(0, 2) // the length 258: 0; the distance 1: 0
	}
	return c.bits(3, 2).message() // the end: 11
}

// bombTime limits how long a peer may work on a bomb.
const bombTime = 20 * time.Second

// bombRows inflate to a thousand times their size.
func bombRows() []letterCase {
	limit := rule("10.4", "MUST", "Implementations that have implementation- and/or platform-specific "+
		"limitations regarding the frame size or total message size after reassembly from multiple frames "+
		"MUST protect themselves against exceeding those limits.")
	row := func(what string, send func(s *script, packed []byte)) letterCase {
		return letterCase{what, "The peer refuses it with 1009 or 1008, at its limit; or it returns all " +
			"64 MiB, if it has no limit below that.", limit, func(s *script) {
			s.openDeflate(side{})
			const n = 64 << 20 / 258
			send(s, bomb(n))
			g := s.next(bombTime)
			if g.kind == gotMessage {
				if len(g.data) != 1+258*n || len(bytes.Trim(g.data, "\x00")) > 0 {
					s.against(ruleParse,
						"Expected the message of %d bytes; got another message of %d bytes.",
						1+258*n, len(g.data))
				}
				s.setVerdict(report.Informational, "The peer has no limit: it returned %s.", g.words())
				return
			}
			s.alive()
			if g.kind == gotNothing {
				s.abandon("the peer was still at work")
				s.inform("The peer was still at work after %v. No RFC says how fast it has to be.",
					bombTime)
			}
			s.refusedBy(g, codeTooBig, codePolicy)
		}}
	}
	return []letterCase{
		row("A message of 64 KiB that inflates to 64 MiB.", func(s *script, packed []byte) {
			s.send(frame{op: wire.OpBinary, rsv: 4, payload: packed})
		}),
		row("The same in fragments of 1 KiB.", func(s *script, packed []byte) {
			s.hush()
			s.send(pieces(wire.OpBinary, packed, 1<<10)...)
		}),
	}
}
