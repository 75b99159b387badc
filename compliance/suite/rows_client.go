package suite

import (
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// fails returns a case with a response for which a client has to fail the connection.
func fails(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client drops TCP and accepts no message.", r, func(s *script) {
		s.asked()
		s.respond(edits...)
		s.refusedReply(r, false)
	}}
}

// noUpgrade returns a case with a response that does not upgrade the connection.
func noUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The client accepts no message. It may handle the response like any other HTTP response.", r,
		func(s *script) {
			s.asked()
			s.respond(append(edits, set("Upgrade"), set("Connection", "Connection: close"),
				set("Sec-WebSocket-Accept"), add("Content-Length: 0"))...)
			s.refusedReply(ruleConform, true)
		}}
}

// otherStatus returns a case with a response that is valid except for its status. A client may handle
// it like any other HTTP response, but must not open the connection.
func otherStatus(what, line string) letterCase {
	return letterCase{what,
		"The client accepts no message. It may handle the response like any other HTTP response.",
		ruleNot101,
		func(s *script) {
			s.asked()
			s.respond(first(line))
			s.refusedReply(ruleConform, true)
		}}
}

// takes returns a case with a response that a client has to accept.
func takes(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client accepts it and returns a message.", r, func(s *script) {
		s.open(edits...)
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// mayTake returns a case with a response that a client may accept or refuse. If it accepts, the
// connection works.
func mayTake(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client accepts it, and the connection works; or the client drops TCP.", r,
		func(s *script) {
			s.open(edits...)
			s.mayEcho()
		}}
}

// eitherUpgrade returns a case with a response that one rule lets a client accept and another lets it
// refuse.
func eitherUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The client accepts it, and the connection works. It may also drop TCP, because a server should " +
			"send the value Upgrade alone (section 4.2.2).", r, func(s *script) {
			s.open(edits...)
			s.mayEcho()
			if s.res.Behavior == report.OK {
				s.setVerdict(report.Informational,
					"The client refused it. A server should send %q alone (section 4.2.2).",
					"Connection: Upgrade")
			} else {
				s.setVerdict(report.OK, "The client accepted it.")
			}
		}}
}

// mayIgnore returns a case with a field that has no element. That breaks the grammar of the field, so a
// client should fail the connection. But servers of Kitura and .NET send such fields, and some clients
// treat them as absent, which the case reports as INFORMATIONAL.
func mayIgnore(r report.Rule, what string, edits ...edit) letterCase {
	c := mayTake(r, what, edits...)
	c.want = "The client drops TCP; or it treats the field as absent, and the connection works."
	return c
}

// mayEcho sends a message to a client that may have dropped TCP.
func (s *script) mayEcho() {
	s.sendMessage(wire.OpText, []byte("Hello"))
	switch g := s.next(s.o.HandshakeTimeout); g.kind {
	case gotMessage:
		s.checkEcho(g, wire.OpText, []byte("Hello"))
		s.setVerdict(report.Informational, "The client accepted it.")
	case gotRequest:
		s.setVerdict(report.OK, "The client refused it, then sent %s.", g.words())
	case gotEOF, gotClose:
		s.closedBy(g)
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
		s.setVerdict(report.OK, "The client refused it.")
	default:
		s.against(ruleClientFails, "The client neither returned the message nor dropped TCP. A client "+
			"that refuses the response must drop TCP.")
	}
}

// asked checks the request of a client. It ends the script if the request is invalid.
func (s *script) asked() {
	if why := s.checkRequest(); why != "" {
		s.against(ruleAsk, "The client sent an invalid request: %s.", why)
	}
}

// refusedReply waits for a client to refuse a response, as rule r requires. The client must not accept
// a message. It must drop TCP, either at once or after we close our side, since some clients read the
// whole response for an error message. If ordinary is true, the client may treat the response as plain
// HTTP, and wait for us to drop TCP.
func (s *script) refusedReply(r report.Rule, ordinary bool) {
	s.dec = wire.Decoder{Role: wire.Server, MaxMessage: -1}
	s.badFrame = func(why string) {
		s.against(r, "The client should have refused the response, but accepted it and sent a frame (%s).",
			why)
	}
	s.remember(s.rest)
	if s.read(time.Now().Add(doubtTime)); len(s.rest) == 0 && !s.in.ended {
		s.write(s.encode(textFrame("Is all well?")), tempo{})
		s.read(time.Now().Add(idleTime))
	}
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok && len(s.rest) == 0 && !s.in.ended &&
		!ordinary {
		_ = c.CloseWrite()
		s.read(time.Now().Add(reactionTime))
	}
	switch g := s.next(doubtTime); {
	case g.kind == gotRequest:
		s.setVerdict(report.OK, "The client refused it, then sent %s.", g.words())
	case g.kind == gotEOF:
		s.setVerdict(report.OK, "The client refused it.")
	case g.kind == gotClose:
		s.setVerdict(report.OK, "The client refused it, by %s.", g.words())
	case g.kind == gotNothing && ordinary:
		s.setVerdict(report.OK, "The client did not open a WebSocket connection.")
	case g.kind == gotNothing && s.c.Rule.Level == "" && s.quiet:
		s.inform("The client neither accepted the response nor dropped TCP. No RFC says how soon it has " +
			"to drop TCP.")
	case g.kind == gotNothing:
		s.against(ruleClientFails,
			"The client did not drop TCP. A client that refuses the response must drop TCP.")
	default:
		s.against(r, "The client should have refused the response, but accepted it; got %s.", g.words())
	}
}
