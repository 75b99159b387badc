package suite

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// echo sends a message and waits for it to come back.
func (s *script) echo(op wire.Opcode, data []byte) {
	s.sendMessage(op, data)
	s.comesBack(op, data)
}

// comesBack waits for a message.
func (s *script) comesBack(op wire.Opcode, data []byte) got {
	g := s.next(s.o.HandshakeTimeout)
	s.backIs(g, op, data)
	return g
}

// backIs ends the script if what came is not that message.
func (s *script) backIs(g got, op wire.Opcode, data []byte) {
	switch {
	case g.kind != gotMessage:
		if g.kind == gotClose && g.code == codeTooBig && s.limited(op, len(data)) {
			s.closedBy(g)
			s.inform("The peer takes no message of %d bytes, which the RFC leaves to it (section 10.4).",
				len(data))
		}
		s.expectedInstead(g, s.binding(ruleForms), "a message")
	case g.binary != (op == wire.OpBinary):
		s.against(ruleParse, "Expected %s; got one of the other type.",
			event{eventMessage, data, op == wire.OpBinary}.words())
	case !bytes.Equal(g.data, data):
		at := 0
		for at < min(len(data), len(g.data)) && g.data[at] == data[at] {
			at++
		}
		rule := ruleParse
		if strings.Contains(s.c.Rule.Text, "algorithm to receive") ||
			strings.Contains(s.c.Rule.Text, "decompress") {
			rule = s.c.Rule // on what the peer does with compressed messages
		}
		s.against(rule,
			"Expected the message of %d bytes; got another one of %d bytes, which differs from byte %d on.",
			len(data), len(g.data), at)
	}
}

// pong waits for a pong. Others may come before it, unasked.
func (s *script) pong(data string) {
	var other got
	for deadline := time.Now().Add(s.o.HandshakeTimeout); ; {
		switch g := s.event(deadline); {
		case g.kind == gotPong && string(g.data) == data:
			return
		case g.kind == gotPong:
			if other.kind == gotNothing {
				deadline = earlier(deadline, time.Now().Add(idleTime))
			}
			other = g
		case g.kind == gotNothing && other.kind == gotPong:
			s.against(rulePongData, "Expected a pong with %q; got one with %q.", report.Text([]byte(data)),
				report.Text(other.data))
		default:
			s.expectedInstead(g, rulePong, "a pong")
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// limited asks a server, on a connection of its own, whether it refuses any message
// of n bytes as too big. A client cannot be asked.
func (s *script) limited(op wire.Opcode, n int) bool {
	return s.server || s.manages(func(o *script) {
		o.open()
		o.send(frame{op: op, payload: bytes.Repeat([]byte("x"), n)})
		if g := o.next(o.o.HandshakeTimeout); g.kind != gotClose || g.code != codeTooBig {
			o.fail("The server has another limit.")
		}
	})
}

// manages reports whether f goes well on a further connection to the server. The case
// goes on either way.
func (s *script) manages(f func(*script)) bool {
	conn, err := s.t.dial(s.ctx, s.o.HandshakeTimeout)
	if err != nil {
		return false
	}
	o := newScript(s.ctx, s.c, s.o, s.t)
	o.play(conn, f)
	return o.res.Behavior.Passed()
}

// binding is the rule of the case if it binds anybody, else another one.
func (s *script) binding(other report.Rule) report.Rule {
	if v := levelVerdict(s.c.Rule.Level); v == report.Informational {
		return other
	}
	return s.c.Rule
}

// unexpected ends the script because something else came than what had to, which is
// against the rule of the case.
func (s *script) unexpected(g got, want string) { s.expectedInstead(g, s.c.Rule, want) }

// expectedInstead is unexpected with another rule.
func (s *script) expectedInstead(g got, rule report.Rule, want string) {
	if s.attack && (g.code == codePolicy || g.code == codeTryLater) {
		s.closedBy(g)
		s.inform("The peer did not go on with so many frames: %s came. The RFC leaves its limits to it "+
			"(section 10.4).", g.words())
	}
	switch g.kind {
	case gotClose:
		s.res.BehaviorClose, s.res.ResultClose = report.Failed,
			"The suite should have closed the connection; the peer did, by "+g.words()+"."
		s.awaitDrop()
	case gotEOF:
		s.res.WasNotCleanReason = "the peer dropped TCP"
	}
	s.against(rule, "Expected %s; got %s.", want, g.words())
}

// gaveUp ends the script if the peer has ended the connection without a reproach:
// no rule says how long it has to be patient.
func (s *script) gaveUp(g got, why string) {
	reproach := slices.Contains([]int{codeProtocolError, codeUnsupported, codeInvalidPayload}, g.code)
	if g.kind == gotEOF || g.kind == gotClose && !reproach {
		s.closedBy(g)
		if g.kind == gotEOF {
			s.res.BehaviorClose, s.res.ResultClose = report.Informational, "The peer dropped TCP."
		}
		s.inform("The peer gave the connection up %s: %s came. No RFC says how patient it has to be.", why,
			g.words())
	}
}

// reaction waits for what the peer says to something that it should refuse. Where
// it says nothing a ping asks it whether it is content.
func (s *script) reaction() got {
	g := s.next(doubtTime)
	if g.kind != gotNothing {
		return g
	}
	if !s.cut {
		s.send(ping("Is all well?"))
	}
	return s.next(reactionTime)
}

// refused waits for the peer to fail the connection, with one of the codes, as the
// rule of the case asks.
func (s *script) refused(codes ...int) { s.refusedAs(s.reaction(), codes...) }

// refusedAs is refused where the reaction is known already.
func (s *script) refusedAs(g got, codes ...int) {
	rule := s.c.Rule
	if rule.Text == ruleControl.Text || rule.Text == ruleContinues.Text {
		rule = ruleValidated // the others bind who sends
	}
	switch {
	case g.kind == gotMessage || g.kind == gotPong:
		s.against(rule, "The peer should have failed the connection, but went on: %s came.", g.words())
	case g.kind == gotNothing && s.cut:
		s.inform("The peer waits for the rest of the frame. No rule says when it has to refuse it.")
	case g.kind == gotNothing:
		s.against(rule, "The peer should have failed the connection, but did nothing.")
	case g.kind == gotClose && s.sentClose && g.code == codeNormal:
		s.closedBy(g)
		s.against(rule, "The peer should have failed the connection, but answered the close frame as if "+
			"it were in order.")
	}
	s.refusedBy(g, codes...)
}

// refusedBy judges how the peer failed the connection.
func (s *script) refusedBy(g got, want ...int) {
	s.res.ExpectedClose = &report.ExpectedClose{CloseCode: want}
	r := s.res
	switch {
	case g.kind == gotEOF:
		s.setVerdict(report.OK, "The peer failed the connection.")
		r.WasNotCleanReason = "the peer dropped TCP without a close frame"
		if s.attack {
			r.BehaviorClose, r.ResultClose = report.OK,
				"The peer dropped TCP, as it may when it is under attack (RFC 6455, section 7.1.1)."
			return
		}
		r.BehaviorClose, r.ResultClose = report.Informational, "The peer dropped TCP without a close frame."
		r.Aside = &report.Aside{Text: "The peer should send a close frame first, if it believes that it " +
			"can be read.", Rule: ruleFailClose}
		return
	case g.kind != gotClose:
		s.unexpected(g, "a close frame")
	}
	s.setVerdict(report.OK, "The peer failed the connection: %s.", g.words())
	switch {
	case g.code == 0 || slices.Contains(want, g.code):
		r.BehaviorClose, r.ResultClose = report.OK, "The peer failed the connection as it should."
	case vague(g.code):
		r.BehaviorClose, r.ResultClose = report.Informational, wrongCode(r, want)
		r.Aside = &report.Aside{Text: fmt.Sprintf("The code %d may mean this too, but says less.", g.code),
			Rule: ruleFailClose}
	default:
		r.BehaviorClose, r.ResultClose = report.WrongCode, wrongCode(r, want)
		s.drop()
		return
	}
	s.awaitDrop()
}

// vague reports whether a status code may stand for any error: 1008 is for when no
// other fits, 1011 to 1014 are what goes wrong in a server, and those from 3000 on mean
// what the peer says.
func vague(code int) bool {
	return code == codePolicy || code >= codeInternalError && code <= codeBadGateway || code >= 3000 &&
		code <= 4999
}

// closedBy accepts that the peer has closed the connection, for whatever reason.
func (s *script) closedBy(g got) {
	if g.kind == gotClose {
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The peer closed the connection."
		s.awaitDrop()
	}
}
