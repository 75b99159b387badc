package suite

import (
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// A writing is how frames are cut into writes.
type writing int

const (
	together     writing = iota // frames that one event sends share a write
	frameByFrame                // one frame per write
	byteByByte                  // one byte per write
)

// words describes the writing; it is appended to the description of a case.
func (w writing) words() string {
	return [...]string{"", " Each frame is a write of its own.", " Written octet by octet."}[w]
}

// by sends frames, cut into writes.
func (p *peer) by(way writing, frames ...frame) {
	for _, f := range frames {
		f.sync = way == frameByFrame
		if way == byteByByte {
			f.chop = 1
		}
		p.send(f)
	}
}

// Frames, for scripts.
func textFrame(s string) frame { return frame{op: wire.OpText, payload: []byte(s)} }
func moreText(s string) frame {
	return frame{op: wire.OpText, payload: []byte(s), more: true}
}
func cont(s string) frame { return frame{op: wire.OpContinuation, payload: []byte(s)} }
func moreCont(s string) frame {
	return frame{op: wire.OpContinuation, payload: []byte(s), more: true}
}
func ping(s string) frame      { return frame{op: wire.OpPing, payload: []byte(s)} }
func pongFrame(s string) frame { return frame{op: wire.OpPong, payload: []byte(s)} }
func opFrame(op int, s string) frame {
	return frame{op: wire.Opcode(op), payload: []byte(s)}
}

// rsv is the frame with reserved bits.
func (f frame) withRSV(bits int) frame { f.rsv = bits; return f }

// unfinished is the frame without its final bit.
func (f frame) unfinished() frame { f.more = true; return f }

// both is a case for servers and clients.
func both(id string, r report.Rule, description, expectation string, start func(*peer)) *Case {
	return &Case{
		ID: id, Rule: r, Description: description, Expectation: expectation,
		Servers: true, Clients: true, start: start,
	}
}

// answers is a case whose frames are in order and have these answers; then we close.
func answers(id string, r report.Rule, description string, way writing, frames []frame, wait time.Duration, events ...event) *Case {
	return both(id, r, description+way.words(), "The answers come, in order; then a clean close with 1000.", func(p *peer) {
		p.expect(report.OK, events...)
		p.byUs(codeNormal)
		p.by(way, frames...)
		p.closeAfter(wait)
	})
}

// violates is a case that breaks the protocol. What was in order before may be
// answered first; a peer that does not is not strict.
func violates(id string, r report.Rule, description string, way writing, frames []frame, before ...event) *Case {
	expectation := "The peer fails the connection at once, with 1002 or by dropping TCP."
	if len(before) > 0 {
		expectation = "What came before is answered. " + expectation
	}
	return both(id, r, description+way.words(), expectation, func(p *peer) {
		p.expect(report.OK, before...)
		if len(before) > 0 {
			p.expect(report.NonStrict)
		}
		p.byPeer(codeProtocolError)
		p.by(way, frames...)
		p.killAfter(time.Second)
	})
}

// repeat is n times the frames.
func repeat(n int, frames ...frame) []frame { return slices.Repeat(frames, n) }

// ruleT and ok keep tables of cases narrow.
type ruleT = report.Rule

const ok = report.OK
