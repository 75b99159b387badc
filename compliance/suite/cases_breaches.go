package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// breachRows are a message that is right and a frame that is not, once in one write
// and once with the echo of the message between them. How far a peer has come with
// the message when it sees the breach is its own affair: the RFCs do not say that
// the message must still be answered.
func breachRows() []letterCase {
	protocolError := []int{codeProtocolError}
	breaches := []struct {
		what string
		rule report.Rule
		bad  frame
		at   int   // of the offending byte in the frame, behind its header if it is 2 or more
		code []int // a reserved opcode is also a type of data that nobody can accept: 1003
	}{
		{"a text message with a reserved bit", ruleReserved, textFrame(hello).withRSV(2), 0, protocolError},
		{"a frame of opcode 3, which is reserved", ruleOpcode, opFrame(3, hello), 0,
			[]int{codeProtocolError, codeUnsupported}},
		{"a continuation of nothing", ruleContinues, cont(hello), 0, protocolError},
		{"a ping of 126 bytes", ruleControl, ping(strings.Repeat("x", 126)), 1, protocolError},
		{"text that is not UTF-8", ruleText, textFrame("\xff"), 2, []int{codeInvalidPayload}},
	}
	var rows []letterCase
	for _, b := range breaches {
		rows = append(rows, letterCase{"A message and " + b.what + ", in one write.",
			"The peer fails the connection, whether or not it answers the message first.", b.rule,
			func(s *script) {
				s.open()
				s.send(textFrame("Good"), b.bad)
				s.markBreach(b.at)
				g := s.reaction()
				answered := g.kind == gotMessage && !g.binary && string(g.data) == "Good"
				if answered {
					g = s.reaction()
				}
				s.refusedAs(g, b.code...)
				if !answered && s.res.Behavior == report.OK {
					s.setVerdict(report.Informational,
						"The peer failed the connection. It did not answer the message before the breach.")
				}
			}})
	}
	for _, b := range breaches {
		rows = append(rows, letterCase{"A message, and once it is back, " + b.what + ".",
			"The peer fails the connection.", b.rule, func(s *script) {
				s.open()
				s.echo(wire.OpText, []byte("Good"))
				s.send(b.bad)
				s.markBreach(b.at)
				s.refused(b.code...)
			}})
	}
	return rows
}

// markBreach marks a byte of the frame sent last: of its header, or if at is 2 or
// more, of its payload.
func (s *script) markBreach(at int) {
	if !s.server && at >= 2 {
		at += 4 // the masking key
	}
	s.markSent(at, 1, "The byte that breaks the rule.")
}
