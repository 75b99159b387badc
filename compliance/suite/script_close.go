package suite

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// gotClose handles a close frame, which the decoder has validated.
func (s *script) gotClose(payload []byte) got {
	r := s.res
	g := got{kind: gotClose}
	if len(payload) >= 2 {
		g.code, g.data = int(binary.BigEndian.Uint16(payload)), slices.Clone(payload[2:])
	}
	r.RemoteCloseCode, r.RemoteCloseReason, r.WasClean = g.code, report.Text(g.data), true
	if s.state == open {
		s.state = closing
		if s.cut {
			r.WasClean = false
		} else {
			s.sendClose(codeNormal)
		}
	}
	s.state = closed
	return g
}

func (s *script) sendClose(code int) {
	s.send(frame{op: wire.OpClose, payload: binary.BigEndian.AppendUint16(nil, uint16(code))})
	s.res.LocalCloseCode = code
}

// close performs the closing handshake and sets the verdict on the close.
func (s *script) close() {
	r := s.res
	r.ExpectedClose = &report.ExpectedClose{ClosedByMe: true, CloseCode: []int{codeNormal},
		RequireClean: true}
	r.ClosedByMe = true
	s.sendClose(codeNormal)
	s.state = closing
	deadline := time.Now().Add(s.o.CloseTimeout)
	for {
		g := s.next(time.Until(deadline))
		switch g.kind {
		case gotPong: // a peer may send unsolicited pongs
			continue
		case gotMessage:
			if r.Behavior == report.OK {
				r.Broken = &ruleParse
				s.setVerdict(report.Failed, "Expected nothing more; got %s.", g.words())
			}
			continue
		case gotNothing:
			r.WasCloseHandshakeTimeout, r.Waited = true, true
			r.WasNotCleanReason = "the peer did not answer the close frame in time"
			r.BehaviorClose, r.ResultClose = report.Unclean,
				fmt.Sprintf("The peer did not answer the close frame within %v.", s.o.CloseTimeout)
		case gotEOF:
			r.WasNotCleanReason = "the peer dropped TCP without an answer to the close frame"
			r.BehaviorClose, r.ResultClose = report.Unclean,
				"The peer dropped TCP without answering the close frame."
		case gotClose:
			if g.code != 0 && g.code != codeNormal {
				s.otherCode()
			} else {
				r.BehaviorClose, r.ResultClose = report.OK, closedProperly
			}
			s.awaitDrop()
			return
		}
		s.drop()
		return
	}
}

// otherCode sets the verdict on an answer to our close frame that has another code.
func (s *script) otherCode() {
	r := s.res
	r.BehaviorClose, r.ResultClose = report.Informational,
		fmt.Sprintf("The peer answered close code %d with %d.", r.LocalCloseCode, r.RemoteCloseCode)
	r.Aside = &report.Aside{Text: "The RFC does not say which code the answer carries.", Rule: ruleCodeEcho}
}

// awaitDrop waits, after both close frames, for a server to drop TCP. If the peer is a client, awaitDrop
// drops TCP.
func (s *script) awaitDrop() {
	r := s.res
	defer s.checkAfterClose()
	if s.server {
		s.flush(s.o.CloseTimeout)
		s.decode() // what was received after the close frame
		s.drop()
		return
	}
	for deadline := time.Now().Add(s.o.CloseTimeout); ; {
		switch g := s.event(deadline); g.kind {
		case gotEOF:
			return
		case gotNothing:
			r.WasServerConnectionDropTimeout, r.WasClean, r.Waited = true, false, true
			r.WasNotCleanReason = "the server did not drop TCP in time"
			r.BehaviorClose, r.ResultClose = report.Unclean,
				fmt.Sprintf("The server did not drop TCP within %v of the closing handshake.",
					s.o.CloseTimeout)
			s.drop()
			return
		}
	}
}

// checkAfterClose sets the verdict on what the peer sent after its close frame. Only data frames are
// forbidden there. A second close frame has no effect.
func (s *script) checkAfterClose() {
	r := s.res
	h, _, whole := parseHeader(s.in.afterClose)
	switch {
	case len(s.in.afterClose) == 0:
	case whole && !h.Opcode.IsControl():
		s.setVerdict(report.Failed, "The peer sent a data frame after its close frame.")
		r.Broken = &ruleAfterClose
		r.BehaviorClose, r.ResultClose = report.Failed, "The peer sent a data frame after its close frame."
	case r.BehaviorClose != report.OK:
	case whole && h.Opcode == wire.OpClose:
		r.BehaviorClose, r.ResultClose = report.Informational,
			"The peer sent a second close frame. The first one counts (RFC 6455, section 7.1.5)."
	default:
		r.BehaviorClose, r.ResultClose = report.Informational,
			"The peer sent something other than data after its close frame."
	}
}

// drop ends TCP.
func (s *script) drop() {
	if !s.in.ended {
		s.res.DroppedByMe, s.in.ended = true, true
		s.release()
		s.conn.Close()
	}
	s.state = closed
}

// abandon ends TCP without a close frame, because we cannot send one, or the peer would not answer soon.
func (s *script) abandon(why string) {
	s.drop()
	s.res.WasNotCleanReason = why
	s.res.BehaviorClose, s.res.ResultClose = report.OK, "The suite dropped TCP: "+why+"."
}

// finish closes the connection if the script has left it open.
func (s *script) finish() {
	switch {
	case !s.established, s.in.ended, s.state == closed:
	case s.cut:
		s.abandon("the case ended in the middle of a frame")
	case s.lost:
		s.res.FailedByMe = true
		s.res.ResultClose = "The suite failed the connection, because the peer broke the protocol."
		s.sendClose(codeProtocolError)
		s.flush(doubtTime)
		s.drop()
	default:
		s.close()
	}
}
