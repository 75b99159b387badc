package suite

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// closeBy begins the closing handshake with a payload, and sends more frames after the close frame in
// the same write.
func (s *script) closeBy(payload []byte, after ...frame) {
	s.send(append([]frame{{op: wire.OpClose, payload: payload}}, after...)...)
	s.state, s.res.ClosedByMe = closing, true
	if len(payload) >= 2 {
		s.res.LocalCloseCode = int(payload[0])<<8 | int(payload[1])
	}
}

// answered waits for the answer to the close frame of closeBy, and for the end of TCP. The answer should
// have one of the codes or none. answered returns the answer, and what the peer sent before it.
func (s *script) answered(want ...int) (answer got, before []got) {
	r := s.res
	r.ExpectedClose = &report.ExpectedClose{ClosedByMe: true, CloseCode: want, RequireClean: true}
	for deadline := time.Now().Add(s.o.HandshakeTimeout); ; {
		g := s.next(time.Until(deadline))
		switch g.kind {
		case gotMessage, gotPong:
			before = append(before, g)
			continue
		case gotNothing:
			r.WasCloseHandshakeTimeout = true
			s.against(ruleCloseAnswer, "The peer did not answer the close frame.")
		case gotEOF:
			r.WasNotCleanReason = "the peer dropped TCP without an answer to the close frame"
			if s.in.reset { // a reset discards an answer that was not read yet
				s.against(ruleCleanly,
					"The peer reset TCP, so that no answer to the close frame could be read.")
			}
			s.against(ruleCloseAnswer, "The peer dropped TCP without answering the close frame.")
		}
		if g.code != 0 && !slices.Contains(want, g.code) {
			s.otherCode()
		} else {
			r.BehaviorClose, r.ResultClose = report.OK, closedProperly
		}
		s.lastWord()
		return g, before
	}
}

// lastWord waits, after both close frames, for the end of TCP, and checks what the peer sends before that.
// It gives a client a moment to send something, because it is we who then drop TCP.
func (s *script) lastWord() {
	if s.server {
		s.next(doubtTime)
		s.in.waited = false // no verdict depends on this wait
	}
	s.awaitDrop()
}

// closeFrameRows are close frames with codes and reasons that Autobahn does not test.
func closeFrameRows() []letterCase {
	registered := func(code int, name string) letterCase {
		what := fmt.Sprintf("A close frame with %d, which IANA has registered as %q.", code, name)
		return letterCase{what, "It is answered with the same code, 1000 or no code.", ruleCloseAnswer,
			func(s *script) {
				s.open()
				s.closeBy(closeBody(code, ""))
				if g, _ := s.answered(code, codeNormal); g.code == codeProtocolError &&
					s.res.Behavior == report.OK {
					s.setVerdict(report.Informational,
						"The peer treated the code as a violation; got %s. Other peers may send it, "+
							"because it is registered.",
						g.words())
					s.res.Aside = &report.Aside{
						Text: "The code is in the registry of RFC 6455, section 11.7.",
						Rule: ruleCodeLater,
					}
				}
			}}
	}
	cut := func(what, reason string) letterCase {
		return letterCase{what, "The peer fails the connection with 1007 or 1002.", ruleText,
			func(s *script) {
				s.open()
				f := malformedFrame{op: wire.OpClose, payload: string(closeBody(codeNormal, reason))}
				s.sendMalformed(f.whole(), 0, 0, "")
				s.markSent(len(s.last.raw)-2, 2,
					"The first bytes of a character whose last byte is missing.")
				s.badFrame = func(why string) {
					s.broke("The peer should have failed the connection with 1007, but sent an invalid "+
						"frame itself (%s).", why)
				}
				s.refused(codeInvalidPayload, codeProtocolError)
			}}
	}
	const part = "\xe2\x82" // of U+20AC
	return []letterCase{
		registered(1012, "Service Restart"), registered(1013, "Try Again Later"),
		registered(1014, "Bad Gateway"),
		cut("A close frame whose reason ends within a character.", "Bye "+part),
		cut("A close frame whose reason has 123 bytes and ends within a character.",
			strings.Repeat("x", 121)+part),
		cut("A close frame whose reason is part of a character.", part),
		{"A close frame whose reason has characters of two, three and four bytes.", "It is answered.",
			ruleCloseAnswer, func(s *script) {
				s.open()
				s.closeBy(closeBody(codeNormal, "Grüße für 5 € 🙂"))
				s.answered(codeNormal)
			}},
	}
}

// afterCloseRows send something after our close frame. The peer should discard it (RFC 6455, section
// 1.4), answer the close frame once, and send no data after that.
func afterCloseRows() []letterCase {
	row := func(what string, after ...frame) letterCase {
		return letterCase{what, "The peer discards what follows the close frame, answers once, and sends " +
			"nothing after that.", ruleCloseAnswer, func(s *script) {
			s.open()
			s.closeBy(closeBody(codeNormal, ""), after...)
			s.judgeAnswer(s.answered(codeNormal, codeGoingAway))
		}}
	}
	return []letterCase{
		row("A close frame with 1000 and a second one with 1001, in one segment.",
			frame{op: wire.OpClose, payload: closeBody(codeGoingAway, "")}),
		row("A close frame and a second one without a code, in one segment.", frame{op: wire.OpClose}),
		row("A close frame and a pong, in one segment.", pongFrame("late")),
		row("A close frame and a ping, in one segment.", ping("late")),
		row("A close frame and a text message, in one segment.", textFrame("late")),
		row("A close frame and 64 KiB of binary messages, in one segment.",
			slices.Repeat([]frame{{op: wire.OpBinary, payload: make([]byte, 1<<10)}}, 64)...),
		row("A close frame and the first fragment of a message, in one segment.", moreText("late")),
		{"A close frame, and in the same segment the first half of a text message.",
			"The peer answers the close frame without the other half.", ruleCloseAnswer, func(s *script) {
				s.open()
				f, half := frame{op: wire.OpClose, payload: closeBody(codeNormal, "")},
					s.encode(textFrame("too late"))
				s.write(append(s.encode(f), half[:len(half)/2]...), tempo{})
				s.logFrame(f)
				s.state, s.res.ClosedByMe, s.res.LocalCloseCode = closing, true, codeNormal
				s.judgeAnswer(s.answered(codeNormal))
			}},
		{"A close frame, and a second one after the answer.", "The peer sends nothing more.",
			ruleCloseAnswer, func(s *script) {
				s.open()
				s.closeBy(closeBody(codeNormal, ""))
				if g := s.next(s.o.HandshakeTimeout); g.kind != gotClose {
					s.unexpected(g, "an answer to the close frame")
				}
				s.send(frame{op: wire.OpClose, payload: closeBody(codeGoingAway, "")})
				s.res.BehaviorClose, s.res.ResultClose = report.OK, closedProperly
				s.lastWord()
			}},
	}
}

// judgeAnswer sets the verdict on how a peer handled what we sent after our close frame.
func (s *script) judgeAnswer(answer got, before []got) {
	switch {
	case s.res.Behavior != report.OK: // the verdict is set already
	case len(before) > 0:
		s.setVerdict(report.Informational,
			"The peer answered what we sent after our close frame, which it may discard; got %s.",
			before[0].words())
	case answer.code == codeGoingAway:
		s.setVerdict(report.Informational, "The answer carries the code of the second close frame.")
		s.res.Aside = &report.Aside{Text: "The first close frame counts.", Rule: ruleFirstClose}
	default:
		s.setVerdict(report.OK, "The peer answered the close frame and discarded what followed it.")
	}
}

// largeEchoRows send pings together with a message as large as those of group 9.
func largeEchoRows() []letterCase {
	const size, parts = 16 << 20, 8
	row := func(what string, send func(s *script, data []byte) (pings int)) letterCase {
		want := "The message comes back, and the ping is answered before or after it. A peer with a lower " +
			"limit closes with 1009."
		return letterCase{what, want, rulePong, func(s *script) {
			s.open()
			s.hush()
			data := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			s.echoWithPings(data, send(s, data))
		}}
	}
	return []letterCase{
		row("A binary message of 16 MiB, and a ping right after it.", func(s *script, data []byte) int {
			s.send(frame{op: wire.OpBinary, payload: data})
			s.send(ping("beside"))
			return 1
		}),
		row("A binary message of 16 MiB, and a ping while it comes back.", func(s *script, data []byte) int {
			s.send(frame{op: wire.OpBinary, payload: data})
			s.flush(workTime) // the end of it may still be in the buffers of TCP
			s.send(ping("beside"))
			return 1
		}),
		row("A binary message of 16 MiB in 8 fragments, with a ping after each but the last.",
			func(s *script, data []byte) int {
				for i, part := range slices.Collect(slices.Chunk(data, size/parts)) {
					f := frame{op: wire.OpContinuation, payload: part, more: i < parts-1}
					if i == 0 {
						f.op = wire.OpBinary
					}
					s.send(f)
					if f.more {
						s.send(ping("beside"))
					}
				}
				return parts - 1
			}),
	}
}

// largeTime limits how long a large message may take to come back, as in group 9.
const largeTime = 100 * time.Second

// echoWithPings waits for the echo of a message, and for at least one pong, since all pings are equal. It
// does not test how long a large message takes: group 9 does.
func (s *script) echoWithPings(data []byte, pings int) {
	pongs, echoed := 0, false
	for deadline := time.Now().Add(largeTime); !echoed || pongs == 0; {
		switch g := s.next(time.Until(deadline)); {
		case g.kind == gotPong:
			pongs++
		case g.kind == gotMessage && !echoed && g.binary && bytes.Equal(g.data, data):
			echoed, deadline = true, time.Now().Add(reactionTime)
		case g.kind == gotMessage:
			s.against(ruleParse, "Expected the message of %d bytes; got another message of %d bytes.",
				len(data),
				len(g.data))
		case g.kind == gotNothing && echoed:
			s.broke("The message came back, but the ping was not answered within %v.", reactionTime)
		case echoed:
			s.broke("The message came back. Expected a pong; got %s.", g.words())
		default:
			s.noLargeEcho(g)
		}
	}
	// Count the pongs that still arrive. One pong may answer all pings.
	for pongs < pings && s.next(doubtTime).kind == gotPong {
		pongs++
	}
	s.in.waited = false
	s.setVerdict(report.OK, "The message came back, and %d of %d pings were answered.", pongs, pings)
}

// noLargeEcho sets the verdict on the reaction to a large message that did not come back. A peer may
// refuse it.
func (s *script) noLargeEcho(g got) {
	switch {
	case g.kind == gotNothing:
		s.cut = true // we may still be sending it
		s.inform("The message did not come back within %v.", largeTime)
	case g.kind == gotEOF:
		s.against(ruleFailClose,
			"The peer dropped TCP without a close frame. If it does not accept messages of 16 MiB, it "+
				"should close with 1009.")
	case slices.Contains([]int{0, codeTooBig, codePolicy}, g.code):
		s.closedBy(g)
		s.inform("The peer does not accept messages of 16 MiB; got %s.", g.words())
	default:
		s.expectedInstead(g, ruleForms, "the message")
	}
}
