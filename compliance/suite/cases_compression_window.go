package suite

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// side has the parameters of the peer's compressor and of ours.
type side struct {
	peerBits, ourBits           int // 0 means none; ourBits -1 lets the peer choose
	peerNoContext, ourNoContext bool
}

// openDeflate opens a connection with permessage-deflate. It ends the script if a server declines the
// offer, or if the offer of a client does not permit the parameters.
func (s *script) openDeflate(want side) {
	if !s.server {
		d := deflateParams{ServerNoContext: want.peerNoContext, ClientNoContext: want.ourNoContext,
			ServerBits: want.peerBits, ClientBits: want.ourBits}
		b, err := wire.AppendExtensions(nil, []wire.ExtensionSpec{d.element()})
		if err != nil {
			panic("BUG: suite: " + err.Error())
		}
		if !s.offer(s.misread, string(b)) {
			s.declined("The server declined %q.", b)
		}
		s.suspect = nil
		return
	}
	d := deflateParams{ServerNoContext: want.ourNoContext, ClientNoContext: want.peerNoContext,
		ServerBits: want.ourBits, ClientBits: want.peerBits}
	offers, err := parseExtensions(s.request.fields.Values("Sec-Websocket-Extensions"))
	if err != nil {
		s.against(ruleGenerate, "The client sent a malformed Sec-WebSocket-Extensions field: %v.", err)
	}
	for _, o := range offers {
		offer, err := parseDeflate(o, false)
		if o.Name != extensionName || err != nil || d.ClientBits > 0 && offer.ClientBits == 0 {
			continue
		}
		d.ServerNoContext = d.ServerNoContext || offer.ServerNoContext
		d.ClientNoContext = d.ClientNoContext || offer.ClientNoContext // a hint, which some clients require
		if offer.ServerBits > 0 && (d.ServerBits <= 0 || d.ServerBits > offer.ServerBits) {
			d.ServerBits = offer.ServerBits
		}
		if offer.ClientBits > 0 && d.ClientBits > offer.ClientBits {
			d.ClientBits = offer.ClientBits
		}
		b, err := wire.AppendExtensions(nil, []wire.ExtensionSpec{d.element()})
		if err != nil {
			panic("BUG: suite: " + err.Error())
		}
		s.open(add("Sec-WebSocket-Extensions: " + string(b)))
		s.agree(d)
		if d != (deflateParams{}) {
			s.supported(string(b))
		}
		return
	}
	s.open()
	s.declined("The client does not offer these parameters.")
}

// supported ends the script if a client fails the connection because it does not support the answer: "A
// client MUST _Fail the WebSocket Connection_ if [...] the client does not support the configuration
// that the response represents" (RFC 7692, section 7).
func (s *script) supported(answer string) {
	const question = "Do you support this?"
	s.send(ping(question))
	for deadline := time.Now().Add(s.o.HandshakeTimeout); ; {
		switch g := s.event(deadline); g.kind {
		case gotPong:
			if string(g.data) != question {
				continue
			}
			return
		case gotEOF:
			s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client failed the connection."
			s.declined("The client does not support %q.", answer)
		case gotClose:
			s.closedBy(g)
			s.declined("The client does not support %q: it closed the connection with %s.", answer,
				g.words())
		default:
			s.unexpected(g, "a pong")
		}
	}
}

// ours returns the negotiated parameters of our compressor.
func (s *script) ours() (bits int, noContext bool) {
	bits, noContext = s.agreed.ClientBits, s.agreed.ClientNoContext
	if s.server {
		bits, noContext = s.agreed.ServerBits, s.agreed.ServerNoContext
	}
	if bits <= 0 {
		bits = 15
	}
	return bits, noContext
}

// faraway returns a text of n bytes that repeats itself at distances up to 40,000.
func faraway(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 7692))
	const letters = "abcdefghijklmnopqrstuvwxyz012345"
	distances := []int{200, 257, 400, 513, 900, 1025, 2000, 2049, 4097, 8193, 16385, 30000, 32768, 40000}
	var out []byte
	for i := 0; len(out) < n; i++ {
		if d := distances[i%len(distances)]; d <= len(out) {
			at := len(out) - d
			out = append(out, out[at:at+40]...)
		}
		for range 24 {
			out = append(out, letters[r.IntN(len(letters))])
		}
	}
	return out[:n]
}

// The rules of windowRows.
var (
	ruleWindows = rule7692("7.2.1", `If the "agreed parameters" contain the "server_max_window_bits" `+
		`extension parameter with a value of w, the server MUST NOT use an LZ77 sliding window longer `+
		`than the w-th power of 2 bytes to compress messages to send. [And the same of a client.]`)
	ruleEmptyWindows = rule7692("7.2.1",
		`If the "agreed parameters" contain the "server_no_context_takeover" extension parameter, the `+
			`server MUST start compressing each new message with an empty LZ77 sliding window. [And the `+
			`same of a client.]`)
	ruleKeptWindow = rule7692("7.2.2",
		"Otherwise, the server MUST decompress each new message using the LZ77 sliding window used to "+
			"process the last compressed message. [And the same of a client.]")
	ruleWholeWindow = rule7692("7.2.2",
		"Otherwise, the client MUST use a 32,768-byte LZ77 sliding window to decompress received "+
			"messages. [And the same of a server.]")
)

// windowRows check that peers keep to the negotiated windows and context takeover.
func windowRows() []letterCase {
	return append(windowSizeRows(),
		letterCase{"The peer compresses the same 2 KiB four times, without context takeover.",
			"Each message inflates by itself.", ruleEmptyWindows, func(s *script) {
				s.openDeflate(side{peerNoContext: true})
				s.checkDistances(faraway(2<<10, 1), 4)
			}},
		letterCase{"We compress the same 2 KiB four times, and refer to earlier messages.",
			"They come back.", ruleKeptWindow, func(s *script) {
				s.openDeflate(side{ourBits: -1})
				if _, no := s.ours(); no {
					s.inform("The peer does not let us take over context.")
				}
				data := faraway(2<<10, 2)
				for range 4 {
					s.echo(wire.OpText, data)
				}
			}},
		letterCase{"We refer 32,768 bytes back within a message.", "It comes back.", ruleWholeWindow,
			func(s *script) {
				s.openDeflate(side{})
				s.refersBack(false)
			}},
		letterCase{"We refer to the previous message, as far back as our window reaches.", "It comes back.",
			ruleKeptWindow,
			func(s *script) {
				s.openDeflate(side{ourBits: -1})
				s.refersBack(true)
			}},
		letterCase{"We refer 512 bytes back, with a window of 9 bits for us.", "It comes back.",
			ruleWholeWindow,
			func(s *script) {
				s.openDeflate(side{ourBits: 9})
				s.refersBack(true)
			}},
		letterCase{"We do not take over context, and the peer may.", "The messages come back.",
			ruleKeptWindow,
			func(s *script) {
				s.openDeflate(side{ourNoContext: true})
				s.checkDistances(faraway(2<<10, 3), 3)
			}},
		letterCase{"We send compressed and plain messages in turn.",
			"They come back. The plain messages do not change the window.",
			rule7692("7.2.2",
				ruleKeptWindow.Text+` [Section 7.2.3.2 adds:] Note that even if some uncompressed `+
					`messages (with the RSV1 bit unset) are inserted between the two "Hello" messages, `+
					`they don't affect the LZ77 sliding window.`), func(s *script) {
				s.openDeflate(side{ourBits: -1})
				data := faraway(1<<10, 4)
				for range 3 {
					s.echo(wire.OpText, data)
					s.send(frame{op: wire.OpBinary, payload: data[:500]})
					s.comesBack(wire.OpBinary, data[:500])
				}
			}},
	)
}

// windowSizeRows request windows of several sizes from the peer, with and without context takeover.
func windowSizeRows() []letterCase {
	var rows []letterCase
	for _, bits := range []int{8, 9, 10, 12, 15} {
		for _, no := range []bool{false, true} {
			what := fmt.Sprintf("The peer compresses 80 KiB of text with near and distant repetitions, "+
				"twice, with a window of %d bits", bits)
			if no {
				what += " and no context takeover"
			}
			rows = append(rows, letterCase{what + ".",
				"No distance exceeds that window, or reaches earlier messages without context takeover.",
				ruleWindows,
				func(s *script) {
					s.openDeflate(side{peerBits: bits, peerNoContext: no})
					s.checkDistances(faraway(80<<10, uint64(bits)), 2)
				}})
		}
	}
	return rows
}

// checkDistances sends data n times and checks the distances in the compressed messages that come back.
func (s *script) checkDistances(data []byte, n int) {
	packed := 0
	for range n {
		s.sendMessage(wire.OpText, data)
		if g := s.comesBack(wire.OpText, data); g.packed != nil {
			packed++
		}
	}
	if packed == 0 {
		s.setVerdict(report.Informational, "The peer did not compress any of %d messages.", n)
		return
	}
	s.setVerdict(report.OK,
		"The peer compressed %d of %d messages. Its largest distance is %d bytes.", packed, n,
		s.inflater.farthest)
}

// refersBack sends a message that refers back as far as our window reaches: to the previous message, or
// to its own beginning.
func (s *script) refersBack(across bool) {
	bits, no := s.ours()
	if across && no {
		s.inform("The peer does not let us take over context.")
	}
	text := string(faraway(1<<bits, 5))
	c := &crafter{}
	if across {
		s.send(frame{op: wire.OpText, rsv: 4, payload: c.stored(0, text).message()})
		s.comesBack(wire.OpText, []byte(text))
		c = &crafter{}
		s.send(frame{op: wire.OpText, rsv: 4, payload: c.begin(0).match(200, 1<<bits).end().message()})
		s.comesBack(wire.OpText, []byte(text[:200]))
		return
	}
	s.send(frame{op: wire.OpText, rsv: 4,
		payload: c.stored(0, text).begin(0).match(200, 1<<bits).end().message()})
	s.comesBack(wire.OpText, []byte(text+text[:200]))
}

// compressedBitRows set reserved bits where they are not allowed.
func compressedBitRows() []letterCase {
	first := rule7692("6.1", `An endpoint MUST NOT set the "Per-Message Compressed" bit of control frames `+
		`and non-first fragments of a data message. An endpoint receiving such a frame MUST _Fail the `+
		`WebSocket Connection_.`)
	row := func(r report.Rule, what string, compressed bool, frames ...frame) letterCase {
		return letterCase{what, "The peer fails the connection with 1002.", r, func(s *script) {
			if compressed {
				s.openDeflate(side{})
			} else {
				s.open()
			}
			s.send(frames...)
			s.markSent(0, 1, "The reserved bits are in the high half of this byte.")
			last := frames[len(frames)-1]
			s.sentClose = last.op == wire.OpClose
			s.cut = false
			s.refused(codeProtocolError)
		}}
	}
	hello := func() *crafter { return (&crafter{}).begin(0).text("Hello").end() }
	packed := string(hello().message())
	head := packed[:3]
	firstPart := frame{op: wire.OpText, rsv: 4, payload: []byte(head), more: true}
	return []letterCase{
		row(first, "RSV1 on a ping.", true, ping("Hello").withRSV(4)),
		row(first, "RSV1 on a ping, whose payload is compressed.", true, ping(packed).withRSV(4)),
		row(first, "RSV1 on an empty pong.", true, pongFrame("").withRSV(4)),
		row(first, "RSV1 on a close frame.", true, opFrame(8, "\x03\xe8").withRSV(4)),
		row(first, "RSV1 on the last fragment of a compressed message.", true, firstPart,
			cont(packed[3:]).withRSV(4)),
		row(first, "RSV1 on a middle fragment of a compressed message.", true, firstPart,
			moreCont(packed[3:5]).withRSV(4)),
		row(first, "RSV1 on the last fragment of a plain message.", true, moreText("Hel"),
			cont("lo").withRSV(4)),
		row(first, "RSV1 on a ping within a compressed message.", true, firstPart, ping("").withRSV(4)),
		row(ruleReserved, "RSV2 on a text message.", true, textFrame("Hello").withRSV(2)),
		row(ruleReserved, "RSV3 on a text message.", true, textFrame("Hello").withRSV(1)),
		row(ruleReserved, "RSV1 and RSV2 on a compressed message.", true, textFrame(packed).withRSV(6)),
		row(ruleReserved, "RSV1 and RSV3 on a compressed message.", true, textFrame(packed).withRSV(5)),
		row(ruleReserved, "RSV2 on the last fragment of a compressed message.", true, firstPart,
			cont(packed[3:]).withRSV(2)),
		row(ruleReserved, "RSV2 on a ping.", true, ping("Hello").withRSV(2)),
		// binary, because the compressed data is not valid text
		row(ruleReserved, "RSV1 on a compressed message without an extension.", false,
			opFrame(2, packed).withRSV(4)),
		row(ruleReserved, "RSV1 on an empty message without an extension.", false,
			textFrame("").withRSV(4)),
		row(ruleReserved, "RSV1 on a binary message without an extension.", false,
			opFrame(2, strings.Repeat("x", 200)).withRSV(4)),
	}
}
