package suite

import (
	"fmt"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// topBitRows are 64-bit lengths that are negative if read as signed integers.
func topBitRows() []letterCase {
	row := func(what string, f malformedFrame, before ...frame) letterCase {
		return letterCase{what, "The peer fails the connection with 1002 or 1009, or waits for a payload " +
			"of that length. It does not treat the frame as a shorter one.", ruleTopBit, func(s *script) {
			s.open()
			s.send(before...)
			s.sendMalformed(f, 2, 1, "The top bit of the length is set.")
			g := s.reaction()
			s.alive()
			switch g.kind {
			case gotMessage, gotPong:
				s.against(ruleParse, "The peer ignored the top bit; got %s.", g.words())
			case gotNothing:
				s.inform("The peer waits for a payload of that length. No rule says when it has to refuse " +
					"the frame.")
			}
			s.refusedBy(g, codeProtocolError, codeTooBig)
		}}
	}
	const top = 1 << 63
	return []letterCase{
		row("A text frame of 5 bytes whose 64-bit length has its top bit set.",
			malformedFrame{op: wire.OpText, form: 64, length: top + 5, payload: "Hello"}),
		row("A binary frame of 65,536 bytes whose 64-bit length has its top bit set.",
			malformedFrame{op: wire.OpBinary, form: 64, length: top + 1<<16,
				payload: strings.Repeat("x", 1<<16)}),
		row("An empty frame whose 64-bit length has only its top bit set.",
			malformedFrame{op: wire.OpBinary, form: 64, length: top}),
		row("A frame whose 64-bit length has all its bits set.",
			malformedFrame{op: wire.OpText, form: 64, length: top | (top - 1), payload: "Hello"}),
		row("A continuation whose 64-bit length has its top bit set.",
			malformedFrame{op: wire.OpContinuation, form: 64, length: top + 5, payload: "Hello"},
			moreText("First. ")),
		row("A ping whose 64-bit length has its top bit set.",
			malformedFrame{op: wire.OpPing, form: 64, length: top + 5, payload: "Hello"}),
	}
}

// longFormRows are lengths in more bytes than they need. A sender must not do that, but no rule requires
// a receiver to refuse it.
func longFormRows() []letterCase {
	row := func(kind string, op wire.Opcode, form, n int, before ...frame) letterCase {
		what := fmt.Sprintf("A %s of %s whose length is encoded in %d bits.", kind, byteCount(n), form)
		return letterCase{what,
			"The peer accepts it, or fails the connection with 1002. The rule is only for senders.",
			ruleMinimal,
			func(s *script) {
				s.open()
				s.send(before...)
				f := malformedFrame{op: op, form: form, payload: strings.Repeat("x", n)}
				s.sendMalformed(f.whole(), 2, form/8, "The length fits in fewer bytes.")
				g := s.reaction()
				switch g.kind {
				case gotMessage, gotPong:
					s.inform("The peer accepted it; got %s. The rule does not require the peer to refuse "+
						"it.",
						g.words())
				case gotNothing:
					s.against(rulePong, "The peer neither refused it nor answered the ping after it.")
				}
				s.refusedBy(g, codeProtocolError)
			}}
	}
	return []letterCase{
		row("text message", wire.OpText, 16, 0), row("text message", wire.OpText, 16, 1),
		row("text message", wire.OpText, 16, 125),
		row("text message", wire.OpText, 64, 0), row("text message", wire.OpText, 64, 125),
		row("text message", wire.OpText, 64, 126),
		row("binary message", wire.OpBinary, 64, 65535),
		row("last fragment", wire.OpContinuation, 16, 5, moreText("First. ")),
		row("ping", wire.OpPing, 16, 5), row("ping", wire.OpPing, 64, 5),
		row("pong", wire.OpPong, 16, 5),
	}
}

// announcedRows announce payloads that are never sent.
func announcedRows() []letterCase {
	limit := rule("10.4", "SHOULD", "Such an implementation SHOULD impose a limit on frame sizes and the "+
		"total message size after reassembly from multiple frames.")
	row := func(kind string, op wire.Opcode, length uint64, name string, before ...frame) letterCase {
		what := fmt.Sprintf("The header of a %s of %s bytes, and 4 bytes of payload.", kind, name)
		return letterCase{what,
			"The peer refuses it with 1009 or 1002, or waits for the rest. It still serves other " +
				"connections.",
			limit, func(s *script) {
				s.attack = true
				s.open()
				s.send(before...)
				s.sendMalformed(malformedFrame{op: op, form: 64, length: length, payload: "rest"}, 2, 8,
					"The announced length.")
				g := s.next(idleTime)
				s.alive()
				switch {
				case g.kind == gotMessage || g.kind == gotPong:
					s.against(ruleParse, "The peer answered an incomplete frame; got %s.", g.words())
				case g.kind == gotNothing:
					s.inform("The peer waits for the rest. It may apply its limit to the received bytes " +
						"rather than to the announced length, which case L.7.1 tests.")
				}
				s.refusedBy(g, codeTooBig, codeProtocolError)
			}}
	}
	text := moreText("The first fragment. ")
	return []letterCase{
		row("binary message", wire.OpBinary, 1<<31-1, "2³¹-1"),
		row("binary message", wire.OpBinary, 1<<31, "2³¹"),
		row("binary message", wire.OpBinary, 1<<32-1, "2³²-1"),
		row("binary message", wire.OpBinary, 1<<32, "2³²"),
		row("binary message", wire.OpBinary, 1<<32+4, "2³²+4"),
		row("binary message", wire.OpBinary, 1<<63-1, "2⁶³-1"),
		row("text message", wire.OpText, 1<<63-1, "2⁶³-1"),
		row("last fragment", wire.OpContinuation, 1<<31-1, "2³¹-1", text),
		row("last fragment", wire.OpContinuation, 1<<32-20, "2³²-20", text),
		row("last fragment", wire.OpContinuation, 1<<63-20, "2⁶³-20, after one of 20", text),
		row("last fragment", wire.OpContinuation, 1<<63-1, "2⁶³-1", text),
	}
}

// controlLengthRows are control frames that are too long or fragmented.
func controlLengthRows() []letterCase {
	reason := "\x03\xe8" + strings.Repeat("x", 124)
	row := func(what string, f malformedFrame, before ...frame) letterCase {
		return letterCase{what, "The peer fails the connection with 1002.", ruleControl, func(s *script) {
			s.open()
			s.send(before...)
			s.sendMalformed(f, 1, 1, "The length is above 125.")
			s.refused(codeProtocolError, codeTooBig)
		}}
	}
	long := strings.Repeat("x", 126)
	return []letterCase{
		row("A ping of 126 bytes.", malformedFrame{op: wire.OpPing, payload: long}.whole()),
		row("A pong of 126 bytes.", malformedFrame{op: wire.OpPong, payload: long}.whole()),
		row("A close frame of 126 bytes.", malformedFrame{op: wire.OpClose, payload: reason}.whole()),
		row("A ping of 65,536 bytes.", malformedFrame{op: wire.OpPing,
			payload: strings.Repeat("x", 1<<16)}.whole()),
		row("The header of a ping of 2⁶³-1 bytes.", malformedFrame{op: wire.OpPing, length: 1<<63 - 1}),
		row("A ping of 126 bytes within a message.", malformedFrame{op: wire.OpPing, payload: long}.whole(),
			moreText("First. ")),
		{"A ping of 125 bytes, which is valid.", "It is answered.", rulePong, func(s *script) {
			s.open()
			s.send(ping(long[:125]))
			s.pong(long[:125])
		}},
		fragmentRow("A ping without FIN.", malformedFrame{op: wire.OpPing, payload: "Hello"}),
		fragmentRow("A pong without FIN.", malformedFrame{op: wire.OpPong, payload: "Hello"}),
		fragmentRow("A close frame without FIN.",
			malformedFrame{op: wire.OpClose, payload: "\x03\xe8"}),
		unsendableRow(),
	}
}

// fragmentRow returns a case with the first fragment of a control frame. The second fragment is not sent,
// because the peer has to refuse the first.
func fragmentRow(what string, f malformedFrame) letterCase {
	f.more = true
	return letterCase{what, "The peer fails the connection with 1002.", ruleControl, func(s *script) {
		s.open()
		s.sendMalformed(f.whole(), 0, 1, "The highest bit of this byte is FIN.")
		s.refused(codeProtocolError)
	}}
}

// unsendableRow returns a case with 1015. Of the codes that are not allowed in close frames, it is the one
// that Autobahn does not test. The rule is only for senders.
func unsendableRow() letterCase {
	return letterCase{"A close frame with 1015.",
		"The peer fails the connection with 1002, or answers with another code or none. It does not " +
			"return 1015.", ruleCodeNever(1015), func(s *script) {
			s.open()
			s.sendMalformed(malformedFrame{op: wire.OpClose, payload: "\x03\xf7"}.whole(), 6, 2, "The code.")
			if s.server {
				s.markSent(2, 2, "The code.")
			}
			g := s.reaction()
			switch {
			case g.kind == gotClose && g.code != codeProtocolError:
				s.closedBy(g)
				s.inform("The peer answered with %s. The RFC does not say what a receiver does with the "+
					"code (section 7.4).", g.words())
			case g.kind == gotMessage || g.kind == gotPong || g.kind == gotNothing:
				s.against(ruleCloseAnswer,
					"The peer should have answered the close frame or failed the connection; got %s.",
					g.words())
			}
			s.refusedBy(g, codeProtocolError)
		}}
}

// maskRows are unmasked frames of a client, and frames with an unusual masking key.
func maskRows() []letterCase {
	unmasked := rule("5.1", "MUST",
		"The server MUST close the connection upon receiving a frame that is not masked.")
	row := func(what string, f malformedFrame, before ...frame) letterCase {
		f.mask = maskWrong
		return letterCase{what,
			"The server closes the connection. It may first send a close frame with 1002.", unmasked,
			func(s *script) {
				s.open()
				s.send(before...)
				s.sendMalformed(f.whole(), 1, 1, "The frame is not masked.")
				s.closedOver()
			}}
	}
	masked := func(what string, payload string) letterCase {
		r := rule("6.2", "MUST", "A server MUST remove masking for data frames received from a client as "+
			"described in Section 5.3.")
		return letterCase{what, "It comes back.", r, func(s *script) {
			s.open()
			s.sendMalformed(malformedFrame{op: wire.OpText, payload: payload, mask: maskZero}.whole(), 0, 0,
				"")
			s.suspect = nil
			s.comesBack(wire.OpText, []byte(payload))
		}}
	}
	return []letterCase{
		row("A text message that is not masked.", malformedFrame{op: wire.OpText, payload: "Hello"}),
		row("A binary message that is not masked.", malformedFrame{op: wire.OpBinary, payload: "Hello"}),
		row("An empty text message that is not masked.", malformedFrame{op: wire.OpText}),
		row("A ping that is not masked.", malformedFrame{op: wire.OpPing, payload: "Hello"}),
		row("A pong that is not masked.", malformedFrame{op: wire.OpPong, payload: "Hello"}),
		row("A close frame that is not masked.", malformedFrame{op: wire.OpClose, payload: "\x03\xe8"}),
		row("A last fragment that is not masked, after one that is.",
			malformedFrame{op: wire.OpContinuation, payload: "Hello"}, moreText("First. ")),
		row("A message of 65,536 bytes that is not masked.",
			malformedFrame{op: wire.OpBinary, payload: strings.Repeat("x", 1<<16)}),
		masked("A text message with a masking key of zeros.", "Hello"),
		masked("A text message of 1,000 bytes with a masking key of zeros.",
			strings.Repeat("0123456789", 100)),
	}
}

// boundaryRows are messages with fragments at the boundaries of the encodings of a length.
func boundaryRows() []letterCase {
	sizes := []int{0, 125, 126, 127, 65535, 65536}
	row := func(what string, chop tempo, lengths ...int) letterCase {
		return letterCase{what, "It comes back.", ruleForms, func(s *script) {
			s.open()
			var data, raw []byte
			for i, n := range lengths {
				f := frame{op: wire.OpContinuation, payload: []byte(strings.Repeat(string(rune('a'+i)), n)),
					more: i < len(lengths)-1}
				if i == 0 {
					f.op = wire.OpText
				}
				data = append(data, f.payload...)
				raw = append(raw, s.encode(f)...)
				s.logFrame(f)
			}
			s.write(raw, chop)
			s.comesBack(wire.OpText, data)
		}}
	}
	var rows []letterCase
	for _, n := range sizes {
		rows = append(rows, row(fmt.Sprintf("A message in fragments of %d and 1 bytes.", n), tempo{}, n, 1))
	}
	for _, n := range sizes {
		rows = append(rows, row(fmt.Sprintf("A message in fragments of 1 and %d bytes.", n), tempo{}, 1, n))
	}
	slow := tempo{size: 1, gap: 2 * time.Millisecond}
	return append(rows,
		row("A message in fragments of 125, 126, 127, 65,535, 65,536, 0 and 1 bytes.", tempo{}, 125, 126,
			127, 65535, 65536, 0, 1),
		row("The same, in reverse order.", tempo{}, 1, 0, 65536, 65535, 127, 126, 125),
		row("A message of 126 bytes, byte by byte with pauses of 2 ms.", slow, 126),
		row("A message in fragments of 10 bytes, byte by byte with pauses of 2 ms.", slow, 10, 10, 10),
		row("A message of 65,536 bytes in pieces of 5,000.",
			tempo{size: 5000}, 65536),
		headerRow("A frame with a 16-bit length, its header byte by byte with pauses of 20 ms.",
			200),
		headerRow("A frame with a 64-bit length, its header byte by byte with pauses of 20 ms.",
			70000),
	)
}

// headerRow returns a case that sends a header slowly and the payload at once.
func headerRow(what string, n int) letterCase {
	return letterCase{what, "It comes back.", ruleParse, func(s *script) {
		s.open()
		f := frame{op: wire.OpBinary, payload: []byte(strings.Repeat("x", n))}
		raw := s.encode(f)
		s.write(raw[:len(raw)-n], tempo{size: 1, gap: 20 * time.Millisecond})
		s.write(raw[len(raw)-n:], tempo{})
		s.logFrame(f)
		s.comesBack(f.op, f.payload)
	}}
}

// payloadRows are texts that string libraries may change.
func payloadRows() []letterCase {
	r := report.Rule{Section: "RFC 3629, section 6", Level: "SHOULD",
		URL: "https://www.rfc-editor.org/rfc/rfc3629#section-6",
		Text: "When a protocol does not forbid use of U+FEFF as a signature for a certain protocol " +
			"element, then implementations SHOULD be prepared to handle a signature in that element and " +
			"react appropriately: using the signature to identify the character encoding as necessary and " +
			"stripping the signature as appropriate."}
	row := func(what, text string) letterCase {
		return letterCase{what, "It comes back byte for byte.", ruleParse, func(s *script) {
			s.open()
			s.echo(wire.OpText, []byte(text))
		}}
	}
	const mark = "\ufeff"
	marked := func(what, text string) letterCase {
		return letterCase{what, "It comes back, with or without the mark.", ruleParse, func(s *script) {
			s.open()
			s.send(textFrame(mark + text))
			g := s.next(s.o.HandshakeTimeout)
			if g.kind == gotMessage && !g.binary && string(g.data) == text {
				s.res.Aside = &report.Aside{Text: "RFC 6455 does not forbid U+FEFF as a byte order " +
					"mark.", Rule: r}
				s.inform("The peer dropped U+FEFF as a byte order mark.")
			}
			s.checkEcho(g, wire.OpText, []byte(mark+text))
		}}
	}
	return []letterCase{
		marked("Text that begins with U+FEFF, which decoders may drop as a byte order mark.", "Hello"),
		marked("Text that is only U+FEFF.", ""),
		row("Text with U+FEFF in its middle and at its end.", "Hel"+mark+"lo"+mark),
		row("Text with various kinds of whitespace and line endings.",
			" \t one\r\ntwo\nthree\rfour\u0085five\u2028 \r\n\n"),
		row("Text with characters that have several encodings.",
			"A\u030a\u00c5\u212b \ufb01 \u1100\u1161\uac00"),
	}
}

// sumRows are messages that grow without end, fragment by fragment.
func sumRows() []letterCase {
	row := func(fragment, total int) letterCase {
		what := fmt.Sprintf("An unfinished message of %d MiB in fragments of %d KiB.", total>>20,
			fragment>>10)
		return letterCase{what, "The peer refuses it with 1009 at its limit, or has no limit below that.",
			ruleLimits, func(s *script) {
				s.attack = true
				s.open()
				s.hush()
				f := frame{op: wire.OpBinary, payload: make([]byte, fragment), more: true}
				for range total >> 20 {
					for range 1 << 20 / fragment {
						s.send(f)
						f.op = wire.OpContinuation
					}
					s.flush(idleTime)
					if g := s.next(time.Millisecond); g.kind != gotNothing {
						s.outgrown(g)
						return
					}
				}
				s.send(ping("Is all well?"))
				s.outgrown(s.next(workTime))
			}}
	}
	return []letterCase{row(1<<20, 40<<20), row(16<<10, 40<<20)}
}

// outgrown sets the verdict on the reaction to a message that grows without end.
func (s *script) outgrown(g got) {
	s.alive()
	switch g.kind {
	case gotPong:
		s.setVerdict(report.Informational, "The peer accepted all of it.")
	case gotNothing:
		s.abandon("the peer was still at work")
		s.inform("The peer was still at work after %v. No RFC says how fast it has to be.", workTime)
	case gotMessage:
		s.against(ruleParse, "The peer answered an unfinished message; got %s.", g.words())
	default:
		s.refusedBy(g, codeTooBig)
	}
}

// closedOver waits for the peer to close the connection because of a mask. The peer may use 1002, but
// need not (RFC 6455, section 5.1).
func (s *script) closedOver() {
	g := s.reaction()
	switch {
	case g.kind == gotMessage || g.kind == gotPong:
		s.broke("The peer should have closed the connection, but went on; got %s.", g.words())
	case g.kind == gotNothing:
		s.broke("The peer should have closed the connection, but did nothing.")
	case g.kind == gotClose && g.code != 0 && g.code != codeProtocolError:
		s.closedBy(g)
		s.inform("The peer closed the connection with %d. It may use 1002, but need not.", g.code)
	}
	s.refusedBy(g, codeProtocolError)
}
