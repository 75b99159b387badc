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

// comesBack waits for the echo of a message that was sent. It ends the script if the echo does not arrive.
func (s *script) comesBack(op wire.Opcode, data []byte) got {
	g := s.next(s.o.HandshakeTimeout)
	s.checkEcho(g, op, data)
	return g
}

// checkEcho ends the script if what was received is not the message.
func (s *script) checkEcho(g got, op wire.Opcode, data []byte) {
	switch {
	case g.kind != gotMessage:
		if g.kind == gotClose && g.code == codeTooBig && s.limited(op, len(data)) {
			s.closedBy(g)
			s.inform("The peer does not accept a message of %d bytes, and the RFC lets it choose its "+
				"limit (section 10.4).",
				len(data))
		}
		s.expectedInstead(g, s.binding(ruleForms), "a message")
	case g.binary != (op == wire.OpBinary):
		s.against(ruleParse, "Expected %s; got a message of the other type.",
			event{eventMessage, data, op == wire.OpBinary}.words())
	case !bytes.Equal(g.data, data):
		at := 0
		for at < min(len(data), len(g.data)) && g.data[at] == data[at] {
			at++
		}
		rule := ruleParse
		if strings.Contains(s.c.Rule.Text, "algorithm to receive") ||
			strings.Contains(s.c.Rule.Text, "decompress") {
			rule = s.c.Rule // it is about receiving compressed messages
		}
		s.against(rule,
			"Expected the message of %d bytes; got one of %d bytes, which differs from byte %d on.",
			len(data), len(g.data), at)
	}
}

// pong waits for a pong with data. The peer may send unsolicited pongs before it.
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

// limited reports whether a server refuses any message of n bytes as too big. To find out, it sends one
// on another connection. For a client, it cannot find out, and reports true.
func (s *script) limited(op wire.Opcode, n int) bool {
	return s.server || s.passes(func(o *script) {
		o.open()
		o.send(frame{op: op, payload: bytes.Repeat([]byte("x"), n)})
		if g := o.next(o.o.HandshakeTimeout); g.kind != gotClose || g.code != codeTooBig {
			o.fail("The server has another limit.")
		}
	})
}

// passes reports whether f passes on another connection to the server. The case goes on either way.
func (s *script) passes(f func(*script)) bool {
	conn, err := s.t.dial(s.ctx, s.o.HandshakeTimeout)
	if err != nil {
		return false
	}
	o := newScript(s.ctx, s.c, s.o, s.t)
	o.play(conn, f)
	return o.res.Behavior.Passed()
}

// binding returns the rule of the case if its level is MUST or SHOULD, else the other rule.
func (s *script) binding(other report.Rule) report.Rule {
	if v := levelVerdict(s.c.Rule.Level); v == report.Informational {
		return other
	}
	return s.c.Rule
}

// unexpected ends the script because the peer did not send what it should have, which breaks the rule of the
// case.
func (s *script) unexpected(g got, want string) { s.expectedInstead(g, s.c.Rule, want) }

// expectedInstead is like unexpected, but for a rule that may not be that of the case.
func (s *script) expectedInstead(g got, rule report.Rule, want string) {
	if s.attack && (g.code == codePolicy || g.code == codeTryLater) {
		s.closedBy(g)
		s.inform("The peer did not accept so many frames; got %s. The RFC lets it choose its limits "+
			"(section 10.4).", g.words())
	}
	switch g.kind {
	case gotClose:
		s.res.BehaviorClose, s.res.ResultClose = report.Failed,
			"The suite should have closed the connection, but the peer did, by "+g.words()+"."
		s.awaitDrop()
	case gotEOF:
		s.res.WasNotCleanReason = "the peer dropped TCP"
	}
	s.against(rule, "Expected %s; got %s.", want, g.words())
}

// gaveUp ends the script if the peer has ended the connection without claiming that we broke the
// protocol, because no rule says how long a peer has to wait. when says when it did, for the verdict:
// "within 1s", or "while we did not read".
func (s *script) gaveUp(g got, when string) {
	accused := slices.Contains([]int{codeProtocolError, codeUnsupported, codeInvalidPayload}, g.code)
	if g.kind == gotEOF || g.kind == gotClose && !accused {
		s.closedBy(g)
		if g.kind == gotEOF {
			s.res.BehaviorClose, s.res.ResultClose = report.Informational, "The peer dropped TCP."
		}
		s.inform("The peer gave up on the connection %s; got %s. No RFC says how long it has to wait.", when,
			g.words())
	}
}

// reaction waits for the peer's reaction to something that it should refuse. If there is none, it sends a
// ping to find out whether the peer goes on.
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

// refused waits for the peer to fail the connection with one of the codes, as the rule of the case requires.
func (s *script) refused(codes ...int) { s.refusedAs(s.reaction(), codes...) }

// refusedAs is like refused, but the reaction was received already.
func (s *script) refusedAs(g got, codes ...int) {
	rule := s.c.Rule
	if rule.Text == ruleControl.Text || rule.Text == ruleContinues.Text {
		rule = ruleValidated // those two apply only to the sender
	}
	switch {
	case g.kind == gotMessage || g.kind == gotPong:
		s.against(rule, "The peer should have failed the connection, but went on; got %s.", g.words())
	case g.kind == gotNothing && s.cut:
		s.inform("The peer waits for the rest of the frame. No rule says when it has to refuse the frame.")
	case g.kind == gotNothing:
		s.against(rule, "The peer should have failed the connection, but did nothing.")
	case g.kind == gotClose && s.sentClose && g.code == codeNormal:
		s.closedBy(g)
		s.against(rule, "The peer should have failed the connection, but answered the close frame as if "+
			"it were valid.")
	}
	s.refusedBy(g, codes...)
}

// refusedBy sets the verdict on how the peer failed the connection.
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
		r.Aside = &report.Aside{Text: "The peer should send a close frame first, unless it believes that " +
			"we cannot read it.", Rule: ruleFailClose}
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
		r.Aside = &report.Aside{Text: fmt.Sprintf("The code %d can mean this error too, but is less "+
			"specific.", g.code),
			Rule: ruleFailClose}
	default:
		r.BehaviorClose, r.ResultClose = report.WrongCode, wrongCode(r, want)
		s.drop()
		return
	}
	s.awaitDrop()
}

// vague reports whether a status code may mean any error: 1008 is for errors that no other code fits,
// 1011 to 1014 are errors within a server, and the peer chooses the meaning of those from 3000 on.
func vague(code int) bool {
	return code == codePolicy || code >= codeInternalError && code <= codeBadGateway ||
		code >= 3000 && code <= 4999
}

// closedBy accepts that the peer has closed the connection, with whatever code.
func (s *script) closedBy(g got) {
	if g.kind == gotClose {
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The peer closed the connection."
		s.awaitDrop()
	}
}
