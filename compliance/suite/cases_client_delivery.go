package suite

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func replyDeliveryRows() []letterCase {
	slowly := func(what string, how tempo) letterCase {
		return letterCase{what, "The client accepts it and returns a message.", ruleChecks, func(s *script) {
			s.asked()
			s.respondBy(how)
			s.suspect = nil
			s.establish()
			s.sendMessage(wire.OpText, []byte("Hello"))
			g := s.next(s.o.HandshakeTimeout)
			// Rows with larger pieces fail a client that cannot read a response in pieces at all.
			if g.kind == gotEOF && how.size == 1 {
				s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
				s.inform("The client dropped TCP. No rule forbids that for responses in very many pieces.")
			}
			s.checkEcho(g, wire.OpText, []byte("Hello"))
		}}
	}
	large := http9110("5.4", "MAY", "A client MAY discard or truncate received field lines that are "+
		"larger than the client wishes to process if the field semantics are such that the dropped "+
		"value(s) can be safely ignored without changing the message framing or response semantics.")
	return []letterCase{
		slowly("The response arrives byte by byte.", tempo{size: 1}),
		slowly("The response arrives byte by byte, with pauses of 1 ms.",
			tempo{size: 1, gap: time.Millisecond}),
		slowly("The response arrives in pieces of 7 bytes, with pauses of 5 ms.",
			tempo{size: 7, gap: 5 * time.Millisecond}),
		slowly("The response arrives in pieces of 128 bytes, with pauses of 20 ms.",
			tempo{size: 128, gap: 20 * time.Millisecond}),
		{"A message is sent together with the response.", "It comes back.", ruleParse, func(s *script) {
			s.open(trailing(string(s.encode(textFrame("early")))))
			s.comesBack(wire.OpText, []byte("early"))
		}},
		{"A message is sent together with the response, but in two pieces.", "It comes back.",
			ruleParse, func(s *script) {
				f := string(s.encode(textFrame("early bird")))
				s.open(trailing(f[:5]))
				s.flush(idleTime)
				s.pause(s.o.cut)
				s.write([]byte(f[5:]), tempo{})
				s.comesBack(wire.OpText, []byte("early bird"))
			}},
		{"A close frame is sent together with the response.", "It is answered.", ruleCloseAnswer,
			earlyClose},
		mayTake(large, "The response has 60 KiB of fields.",
			add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 1000)}, 60)...)),
		mayTake(large, "The response has a field of 100,000 bytes.",
			add("X-Long: "+strings.Repeat("x", 100000))),
		oversizedReplyRow(),
	}
}

// earlyClose sends a close frame together with the response.
func earlyClose(s *script) {
	s.open(trailing(string(s.encode(frame{op: wire.OpClose, payload: []byte{0x03, 0xe8}}))))
	s.logFrame(frame{op: wire.OpClose, payload: []byte{0x03, 0xe8}})
	s.state, s.res.ClosedByMe, s.res.LocalCloseCode = closing, true, codeNormal
	s.res.ExpectedClose = &report.ExpectedClose{ClosedByMe: true, CloseCode: []int{codeNormal},
		RequireClean: true}
	g := s.next(s.o.HandshakeTimeout)
	if g.kind != gotClose {
		s.unexpected(g, "a close frame")
	}
	s.closedBy(g)
	if g.code != codeNormal && g.code != 0 {
		s.otherCode()
	}
	s.setVerdict(report.OK, "The client answered %s.", g.words())
}

// oversizedReplyRow returns a case with a response that is larger than any client needs.
func oversizedReplyRow() letterCase {
	r := http9110("17.5", "", ruleLong)
	return letterCase{"The response has 8 MiB of fields.",
		"The client drops TCP before it has read everything, although no RFC requires that.", r,
		func(s *script) {
			s.asked()
			s.hush()
			s.respond(add(slices.Repeat([]string{"X-Long: " + strings.Repeat("x", 8000)}, 1<<10)...))
			s.flush(workTime)
			s.refusedReply(r, false)
		}}
}

// stalledReplyRows begin a response and do not complete it.
func stalledReplyRows() []letterCase {
	want := fmt.Sprintf("The client gives up within %v, although no RFC requires that.", giveUpTime)
	return []letterCase{{"The response stops before its end.", want, ruleIdle, func(s *script) {
		s.asked()
		s.write([]byte("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"), tempo{})
		for deadline := time.Now().Add(giveUpTime); !s.in.ended; {
			if !s.read(deadline) {
				s.inform("The client still waits after %v. No RFC says when it has to give up.", giveUpTime)
			}
		}
		s.setVerdict(report.OK, "The client gave up.")
	}}}
}
