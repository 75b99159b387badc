package suite

import (
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// fails is a response that a client has to fail the connection for.
func fails(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client drops TCP and takes no message.", r, func(s *script) {
		s.asked()
		s.respond(edits...)
		s.refusedReply(r, false)
	}}
}

// noUpgrade is a response that a client may deal with as any of HTTP.
func noUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what,
		"The client takes no message. It may deal with the response as with any of HTTP.", r,
		func(s *script) {
			s.asked()
			s.respond(append(edits, set("Upgrade"), set("Connection", "Connection: close"),
				set("Sec-WebSocket-Accept"), add("Content-Length: 0"))...)
			s.refusedReply(ruleConform, true)
		}}
}

// otherStatus is a response that is right but for its status: a client may deal with
// it as with any of HTTP, but must not open the connection.
func otherStatus(what, line string) letterCase {
	return letterCase{what,
		"The client takes no message. It may deal with the response as with any of HTTP.", ruleNot101,
		func(s *script) {
			s.asked()
			s.respond(first(line))
			s.refusedReply(ruleConform, true)
		}}
}

// takes is a response that a client has to take.
func takes(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it and returns a message.", r, func(s *script) {
		s.open(edits...)
		s.echo(wire.OpText, []byte("Hello"))
	}}
}

// mayTake is a response that a client may take, which then must work, or not.
func mayTake(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it, and it works; or it drops TCP.", r, func(s *script) {
		s.open(edits...)
		s.mayEcho()
	}}
}

// eitherUpgrade is a response that one sentence lets a client take and another lets it
// refuse.
func eitherUpgrade(r report.Rule, what string, edits ...edit) letterCase {
	return letterCase{what, "The client takes it, and it works. Section 4.2.2 lets it ask for the value " +
		"Upgrade alone, and then drop TCP.", r, func(s *script) {
		s.open(edits...)
		s.mayEcho()
		if s.res.Behavior == report.OK {
			s.setVerdict(report.Informational,
				"The client refused it. A server should send %q alone (section 4.2.2).",
				"Connection: Upgrade")
		} else {
			s.setVerdict(report.OK, "The client took it.")
		}
	}}
}

// mayIgnore is a field without an element. By the letter it breaks its grammar, and the
// client fails the connection; but servers of Kitura and .NET send it for none, and some
// clients read it so. That is told and not held against them.
func mayIgnore(r report.Rule, what string, edits ...edit) letterCase {
	c := mayTake(r, what, edits...)
	c.want = "The client drops TCP; or it takes the field for none, and the connection works."
	return c
}

// mayEcho sends a message to a client that may have dropped TCP.
func (s *script) mayEcho() {
	s.sendMessage(wire.OpText, []byte("Hello"))
	switch g := s.next(s.o.HandshakeTimeout); g.kind {
	case gotMessage:
		s.backIs(g, wire.OpText, []byte("Hello"))
		s.setVerdict(report.Informational, "The client took it.")
	case gotRequest:
		s.setVerdict(report.OK, "The client refused it, and asked again: %s came.", g.words())
	case gotEOF, gotClose:
		s.closedBy(g)
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The client did not open the connection."
		s.setVerdict(report.OK, "The client refused it.")
	default:
		s.against(ruleClientFails, "The client neither returned the message nor dropped TCP, as one that "+
			"refuses the response has to.")
	}
}

// asked checks the request of the client.
func (s *script) asked() {
	if why := s.checkRequest(); why != "" {
		s.against(ruleAsk, "The client sent an invalid request: %s.", why)
	}
}

// refusedReply waits for a client to refuse a response, as a rule asks. It must not
// take a message, and drop TCP: at once, or at the end of ours, as one does that reads
// the response to its end for an error message. With ordinary it may also leave it to
// us to drop TCP.
func (s *script) refusedReply(r report.Rule, ordinary bool) {
	s.dec = wire.Decoder{Role: wire.Server, MaxMessage: -1}
	s.badFrame = func(why string) {
		s.against(r, "The client should have refused the response, but accepted it: a frame came (%s).", why)
	}
	s.remember(s.rest)
	if s.read(time.Now().Add(doubtTime)); len(s.rest) == 0 && !s.in.ended {
		s.write(s.octets(textFrame("Is all well?")), tempo{})
		s.read(time.Now().Add(idleTime))
	}
	if c, ok := s.conn.(interface{ CloseWrite() error }); ok && len(s.rest) == 0 && !s.in.ended &&
		!ordinary {
		_ = c.CloseWrite()
		s.read(time.Now().Add(reactionTime))
	}
	switch g := s.next(doubtTime); {
	case g.kind == gotRequest:
		s.setVerdict(report.OK, "The client refused it, and asked again: %s came.", g.words())
	case g.kind == gotEOF:
		s.setVerdict(report.OK, "The client refused it.")
	case g.kind == gotClose:
		s.setVerdict(report.OK, "The client refused it, by %s.", g.words())
	case g.kind == gotNothing && ordinary:
		s.setVerdict(report.OK, "The client did not open a WebSocket connection.")
	case g.kind == gotNothing && s.c.Rule.Level == "" && s.quiet:
		s.inform("The client neither took the response nor dropped TCP. No RFC says how soon it has to.")
	case g.kind == gotNothing:
		s.against(ruleClientFails, "The client did not drop TCP, as one that refuses the response has to.")
	default:
		s.against(r, "The client should have refused the response, but accepted it: %s came.", g.words())
	}
}
