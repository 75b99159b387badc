package suite

import (
	"strings"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// breachRows send a valid message and an invalid frame: first in one write, and then with a wait for the
// echo between them. In one write, a peer may see the invalid frame before it has answered the message.
// The RFCs do not require it to answer the message then.
func breachRows() []letterCase {
	protocolError := []int{codeProtocolError}
	breaches := []struct {
		what string
		rule report.Rule
		bad  frame
		at   int   // of the invalid byte in the frame: in its header, or if 2 or more, in its payload
		code []int // 1003 fits a reserved opcode, too, as a type of data that the peer cannot accept
	}{
		{"a text message with a reserved bit", ruleReserved, textFrame(hello).withRSV(2), 0, protocolError},
		{"a frame of opcode 3, which is reserved", ruleOpcode, opFrame(3, hello), 0,
			[]int{codeProtocolError, codeUnsupported}},
		{"a continuation without a message", ruleContinues, cont(hello), 0, protocolError},
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
						"The peer failed the connection. It did not answer the message before the invalid "+
							"frame.")
				}
			}})
	}
	for _, b := range breaches {
		rows = append(rows, letterCase{"A message, and after its echo, " + b.what + ".",
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

// markBreach marks a byte of the last frame: in its header, or if at is 2 or more, in its payload.
func (s *script) markBreach(at int) {
	if !s.server && at >= 2 {
		at += 4 // the masking key
	}
	s.markSent(at, 1, "The byte that breaks the rule.")
}
