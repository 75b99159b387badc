package suite

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

func timedOut(err error) bool {
	var ne net.Error
	return errors.As(err, &ne) && ne.Timeout()
}

// ---- what has to come ------------------------------------------------------

// echo sends a message and waits for it to come back.
func (s *Script) echo(op wire.Opcode, data []byte) {
	s.sendMessage(op, data)
	s.comesBack(op, data)
}

// comesBack waits for a message.
func (s *Script) comesBack(op wire.Opcode, data []byte) got {
	g := s.next(s.o.HandshakeTimeout)
	switch {
	case g.kind != "message":
		s.unexpected(g, "a message")
	case g.binary != (op == wire.OpBinary):
		s.fail("The message came back as the wrong type.")
	case !bytes.Equal(g.data, data):
		at := 0
		for at < min(len(data), len(g.data)) && g.data[at] == data[at] {
			at++
		}
		s.fail("Another message came back: %d octets instead of %d, which differ from octet %d on.", len(g.data), len(data), at)
	}
	return g
}

// pong waits for a pong. Others may come before it, unasked.
func (s *Script) pong(data string) {
	var other got
	for deadline := time.Now().Add(s.o.HandshakeTimeout); ; {
		switch g := s.event(deadline); {
		case g.kind == "pong" && string(g.data) == data:
			return
		case g.kind == "pong":
			if other.kind == "" {
				deadline = earlier(deadline, time.Now().Add(idleTime))
			}
			other = g
		case g.kind == "nothing" && other.kind != "":
			s.fail("The pong carries %q instead of %q.", report.Text(other.data), report.Text([]byte(data)))
		default:
			s.unexpected(g, "a pong")
		}
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// unexpected ends the script because something else came than what had to.
func (s *Script) unexpected(g got, want string) {
	switch g.kind {
	case "close":
		s.res.BehaviorClose, s.res.ResultClose = report.Failed, "The wrong side closed the connection."
		s.awaitDrop()
	case "end":
		s.res.WasNotCleanReason = "the peer dropped TCP"
	}
	s.broke("Instead of %s came %s.", want, g.words())
}

// reaction waits for what the peer says to something that it should refuse. Where
// it says nothing a ping asks it whether it is content.
func (s *Script) reaction() got {
	g := s.next(doubtTime)
	if g.kind != "nothing" {
		return g
	}
	if !s.cut {
		s.send(ping("Is all well?"))
	}
	return s.next(reactionTime)
}

// refused waits for the peer to fail the connection, with one of the codes.
func (s *Script) refused(codes ...int) { s.refusedAs(s.reaction(), codes...) }

// refusedAs is refused where the reaction is known already.
func (s *Script) refusedAs(g got, codes ...int) {
	switch g.kind {
	case "message", "pong":
		s.broke("The peer accepted it: %s came.", g.words())
	case "nothing":
		s.broke("The peer did nothing.")
	case "close":
		if s.sentClose && g.code == codeNormal {
			s.closedBy(g)
			s.broke("The peer accepted it: its close frame is the answer to ours.")
		}
		s.refusedBy(g, codes...)
	default:
		s.refusedBy(g, codes...)
	}
}

// refusedBy judges how the peer failed the connection.
func (s *Script) refusedBy(g got, want ...int) {
	s.res.ExpectedClose = &report.ExpectedClose{CloseCode: want}
	r := s.res
	switch {
	case g.kind == "end":
		s.saw(report.OK, "The peer failed the connection.")
		r.WasNotCleanReason = "the peer dropped TCP without a close frame"
		if s.attack {
			r.BehaviorClose, r.ResultClose = report.OK, "The peer dropped TCP, as it may when it is under attack (RFC 6455, section 7.1.1)."
			return
		}
		r.BehaviorClose, r.ResultClose = report.Unclean, "The peer dropped TCP without a close frame, which it should send (RFC 6455, section 7.1.7)."
		return
	case g.kind != "close":
		s.unexpected(g, "a close frame")
	}
	s.saw(report.OK, "The peer failed the connection: %s.", g.words())
	if g.code != 0 && !slices.Contains(want, g.code) {
		r.BehaviorClose, r.ResultClose = report.WrongCode, "The close frame had to carry "+codes(want)+", or no code."
		s.drop()
		return
	}
	r.BehaviorClose, r.ResultClose = report.OK, "The peer failed the connection as it should."
	s.awaitDrop()
}

// closedBy accepts that the peer has closed the connection, for whatever reason.
func (s *Script) closedBy(g got) {
	if g.kind == "close" {
		s.res.BehaviorClose, s.res.ResultClose = report.OK, "The peer closed the connection."
		s.awaitDrop()
	}
}

// ---- the end ---------------------------------------------------------------

// gotClose works on a close frame, which the decoder has found to be in order.
func (s *Script) gotClose(payload []byte) got {
	r := s.res
	g := got{kind: "close"}
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

func (s *Script) sendClose(code int) {
	s.send(frame{op: wire.OpClose, payload: binary.BigEndian.AppendUint16(nil, uint16(code))})
	s.res.LocalCloseCode = code
}

// close closes the connection as it should be.
func (s *Script) close() {
	r := s.res
	r.ExpectedClose = &report.ExpectedClose{ClosedByMe: true, CloseCode: []int{codeNormal}, RequireClean: true}
	r.ClosedByMe = true
	s.sendClose(codeNormal)
	s.state = closing
	deadline := time.Now().Add(s.o.CloseTimeout)
	for {
		g := s.next(time.Until(deadline))
		switch g.kind {
		case "message", "pong":
			if r.Behavior == report.OK {
				s.saw(report.Failed, "More came than was asked for: %s.", g.words())
			}
			continue
		case "nothing":
			r.WasCloseHandshakeTimeout, r.Waited = true, true
			r.WasNotCleanReason = "the peer did not answer the close frame in time"
			r.BehaviorClose, r.ResultClose = report.Unclean, "The close frame was not answered in time."
		case "end":
			r.WasNotCleanReason = "the peer dropped TCP without an answer to the close frame"
			r.BehaviorClose, r.ResultClose = report.Unclean, "TCP was dropped without an answer to the close frame."
		case "close":
			if g.code != 0 && g.code != codeNormal {
				r.BehaviorClose, r.ResultClose = report.WrongCode, "The close frame had to carry 1000, or no code."
				break
			}
			r.BehaviorClose, r.ResultClose = report.OK, "The connection was closed as it should be."
			s.awaitDrop()
			return
		}
		s.drop()
		return
	}
}

// awaitDrop waits, after both close frames, for a server to drop TCP. A client we
// drop ourselves.
func (s *Script) awaitDrop() {
	r := s.res
	defer s.judgeBehind()
	if s.server {
		s.flush(s.o.CloseTimeout)
		s.decode() // what follows the close frame and has come already
		s.drop()
		return
	}
	for deadline := time.Now().Add(s.o.CloseTimeout); ; {
		switch g := s.event(deadline); g.kind {
		case "end":
			return
		case "nothing":
			r.WasServerConnectionDropTimeout, r.WasClean, r.Waited = true, false, true
			r.WasNotCleanReason = "the server did not drop TCP in time"
			r.BehaviorClose, r.ResultClose = report.Unclean, "The server left it to the client to drop TCP."
			s.drop()
			return
		}
	}
}

// judgeBehind judges what the peer sent after its close frame. Only data frames are
// forbidden there; a second close frame has no effect.
func (s *Script) judgeBehind() {
	r := s.res
	h, _, whole := parseHeader(s.in.behind)
	switch {
	case len(s.in.behind) == 0:
	case whole && !h.Opcode.IsControl():
		s.saw(report.Failed, "The peer sent a data frame after its close frame.")
		r.Broken = &ruleAfterClose
		r.BehaviorClose, r.ResultClose = report.Failed, "The peer sent a data frame after its close frame."
	case r.BehaviorClose != report.OK:
	case whole && h.Opcode == wire.OpClose:
		r.BehaviorClose, r.ResultClose = report.Informational, "The peer sent a second close frame. The first one counts (RFC 6455, section 7.1.5)."
	default:
		r.BehaviorClose, r.ResultClose = report.Informational, "The peer sent something other than data after its close frame."
	}
}

// drop ends TCP.
func (s *Script) drop() {
	if !s.in.ended {
		s.res.DroppedByMe, s.in.ended = true, true
		s.release()
		s.conn.Close()
	}
	s.state = closed
}

// abandon ends TCP where no close frame can be sent.
func (s *Script) abandon() {
	s.drop()
	s.res.WasNotCleanReason = "the case ended in the middle of a frame"
	s.res.BehaviorClose, s.res.ResultClose = report.OK, "TCP was dropped by the suite in the middle of a frame."
}

// finish closes what a script has left open.
func (s *Script) finish() {
	switch {
	case !s.established, s.in.ended, s.state == closed:
	case s.cut:
		s.abandon()
	case s.lost:
		s.res.FailedByMe = true
		s.sendClose(codeProtocolError)
		s.flush(doubtTime)
		s.drop()
	default:
		s.close()
	}
}
