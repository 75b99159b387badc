package suite

import (
	"net/url"
	"strconv"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// ruleServerDrops says that a server drops TCP after both close frames.
var ruleServerDrops = rule("5.5.1", "MUST",
	"The server MUST close the underlying TCP connection immediately; the client SHOULD wait for the "+
		"server to close the connection but MAY close the connection at any time after sending and "+
		"receiving a Close message, e.g., if it has not received a TCP Close from the server in a "+
		"reasonable time period.")

// closedByServerRows are closing handshakes that a server begins. An echo server never begins one by
// itself, so these cases need [Options.ClosePath].
func closedByServerRows() []letterCase {
	row := func(r report.Rule, what, want string, code int, reason string, play func(*script)) letterCase {
		return letterCase{"The server closes with " + what, want, r, func(s *script) {
			s.openClosing(code, reason, s.declined)
			play(s)
		}}
	}
	const answers, drops = "We answer, and the server drops TCP.",
		"The server drops TCP and sends no second close frame."
	body := func(code int, reason string) letterCase {
		return row(ruleStartClose, strconv.Itoa(code)+" and the reason "+strconv.Quote(reason)+".", answers,
			code, reason, func(s *script) {
				g := s.closeComes(s.noClose)
				s.answerClose(g)
				if s.res.Behavior == report.OK && (g.code != code || string(g.data) != reason) {
					s.inform("The server was asked to close with %d %q, but sent %s.", code, reason,
						g.words())
				}
			})
	}
	late := func(what string, frames ...frame) letterCase {
		return row(ruleAfterClose, "1001, and we answer after "+what+".",
			"The server sends no data after its close frame, and drops TCP after ours.", 1001, "bye",
			func(s *script) {
				g := s.closeComes(s.noClose)
				s.send(frames...)
				if s.next(idleTime).kind == gotEOF {
					s.res.BehaviorClose, s.res.ResultClose = report.Informational,
						"The server dropped TCP before our close frame, so that the connection was not "+
							"closed cleanly (RFC 6455, section 7.1.4)."
					s.inform("The server did not wait for the answer to its close frame. No rule requires " +
						"that.")
				}
				s.in.waited = false
				s.answerClose(g)
			})
	}
	return []letterCase{
		body(1001, "bye"), body(1000, ""), body(1012, "restart"), body(4999, "Grüße für 5 €"),
		late("a second"), late("a text message", textFrame("late")), late("a ping", ping("late")),
		row(ruleServerDrops, "1001, and we close at the same time with 1000.", drops, 1001, "bye",
			func(s *script) {
				s.closeBy(closeBody(codeNormal, ""))
				g, _ := s.answered(codeNormal, codeGoingAway)
				if s.res.Behavior == report.OK {
					s.setVerdict(report.OK,
						"The close frames crossed, or the server handled ours first; got %s.",
						g.words())
				}
			}),
		{"The server is asked to close with 1006.",
			"The server does not send a close frame with 1006. It closes with another code, or refuses " +
				"the request.",
			ruleCodeNever(1006), func(s *script) {
				s.openClosing(1006, "", s.inform)
				s.answerClose(s.closeComes(func(format string, args ...any) {
					s.res.BehaviorClose, s.res.ResultClose = report.OK,
						"The server dropped TCP, which a client reports as 1006."
					s.inform(format, args...)
				}))
			}},
	}
}

var ruleStartClose = rule("7.1.2", "MUST",
	"To _Start the WebSocket Closing Handshake_ with a status code (Section 7.4) /code/ and an optional "+
		"close reason (Section 7.1.6) /reason/, an endpoint MUST send a Close control frame, as described "+
		"in Section 5.5.1, whose status code is set to /code/ and whose close reason is set to /reason/.")

// openClosing opens a connection that the server closes. It calls refused if the server refuses the
// request, for example because it does not have the path.
func (s *script) openClosing(code int, reason string, refused func(string, ...any)) {
	if s.o.ClosePath == "" {
		s.res.ResultClose = "There was no connection."
		s.declined("The suite knows no path at which the server closes the connection.")
	}
	q := url.Values{"code": {strconv.Itoa(code)}, "reason": {reason}}
	s.ask(first("GET " + s.o.ClosePath + "?" + q.Encode() + " HTTP/1.1"))
	s.suspect = nil
	s.opened(refused)
}

// noClose ends the script because a server that was asked to close the connection dropped TCP.
func (s *script) noClose(format string, args ...any) { s.against(ruleStartClose, format, args...) }

// closeComes waits for the close frame of a server, without answering it. It calls dropped if the
// server drops TCP instead.
func (s *script) closeComes(dropped func(string, ...any)) got {
	s.state = closing // so that gotClose does not answer
	for deadline := time.Now().Add(s.o.HandshakeTimeout); ; {
		switch g := s.next(time.Until(deadline)); g.kind {
		case gotClose:
			return g
		case gotEOF:
			dropped("The server dropped TCP without a close frame.")
		case gotNothing:
			s.state = open
			s.close()
			s.declined("The server does not close the connection at %s.", s.o.ClosePath)
		}
	}
}

// answerClose answers the close frame of a server and waits for it to drop TCP.
func (s *script) answerClose(g got) {
	if g.code == 0 {
		s.send(frame{op: wire.OpClose})
	} else {
		s.sendClose(g.code)
	}
	s.closedBy(g)
}
