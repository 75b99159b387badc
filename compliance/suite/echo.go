package suite

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// An echo is the script of a case: it sends a message when the one before is back.
type echo struct {
	p              *peer
	body           *body
	size, fragment int
	at             int    // of the body, where the next message begins
	sent           int    // messages
	last           []byte // of them
	out, in        *track
	keys           []byte
	failed         bool
}

func (e *echo) start(wait time.Duration) {
	p := e.p
	p.byUs(codeNormal)
	if p.deflate == nil {
		p.setVerdict(report.Unimplemented, "The peer did not agree to permessage-deflate.")
		p.close(codeNormal, "")
		return
	}
	f := p.deflate
	f.most = e.body.octets(e.size)
	e.out = newTrack(p.o.tapes, tapeKey{e.body, e.size, false, f.bits, f.keepUs}, p.o.messages())
	e.in = newTrack(p.o.tapes, tapeKey{e.body, e.size, true, f.peerBits, f.keepPeer}, p.o.messages())
	f.recall = e.recall
	p.logMode(false)
	p.awaits(fmt.Sprintf("%d messages", p.o.messages()), wait)
	p.closeAfter(wait)
	p.onMessage = e.back
	e.next()
}

// next sends a message.
func (e *echo) next() {
	i := e.sent
	e.last, e.at = e.body.piece(e.at, e.size)
	e.sent++
	if e.out.tape != nil {
		e.send(e.out.tape.z[i])
		return
	}
	z := e.p.deflate.compress(e.last)
	e.out.record(i, z)
	e.send(z)
	if e.sent == e.p.o.messages() {
		e.out.done()
	}
}

// send is [peer.sendMessage] for the last message, compressed. All its frames go out
// in one write, for those of 256 octets would cost more than what is in them.
func (e *echo) send(z []byte) {
	p := e.p
	if p.state != open {
		return
	}
	p.traffic.OutgoingWebSocketMessages++
	p.traffic.OutgoingOctetsAppLevel += int64(len(e.last))
	p.traffic.OutgoingOctetsWebSocketLevel += int64(len(z))
	frames := 1
	if e.fragment > 0 && len(z) > e.fragment {
		frames += len(z) / e.fragment
	}
	e.keys = append(e.keys[:0], make([]byte, 4*frames)...)
	rand.Read(e.keys) // never fails
	h := wire.Header{Opcode: wire.OpText, RSV: 4, Masked: !p.server}
	if e.body.binary {
		h.Opcode = wire.OpBinary
	}
	raw := make([]byte, 0, len(z)+frames*wire.MaxHeaderSize)
	for i := range frames {
		part := z
		if i < frames-1 {
			part = z[:e.fragment]
		}
		z = z[len(part):]
		h.Fin, h.Length, h.Key = i == frames-1, int64(len(part)), [4]byte(e.keys[4*i:])
		raw = append(wire.AppendHeader(raw, h), part...)
		if h.Masked {
			wire.Mask(raw[len(raw)-len(part):], h.Key, 0)
		}
		p.traffic.OutgoingWebSocketFrames++
		p.res.TxFrameStats[int(h.Opcode)]++
		h.Opcode, h.RSV = wire.OpContinuation, 0
	}
	p.write(raw, false, 0)
}

// recall returns the last message if it is known that z inflates to it.
func (e *echo) recall(z []byte) ([]byte, bool) {
	i := e.sent - 1
	if e.in.follows(i, z) {
		return e.last, true
	}
	e.in.record(i, z)
	return nil, false
}

// back judges what came back.
func (e *echo) back(binary bool, data []byte) {
	p := e.p
	switch wrong := e.compare(binary, data); {
	case e.failed:
		return
	case wrong != "":
		e.failed = true
		p.setVerdict(report.Failed, fmt.Sprintf("Message %d came back changed: %s.", e.sent, wrong))
	case e.sent < p.o.messages():
		e.next()
		return
	default:
		p.setVerdict(report.OK, fmt.Sprintf("All %d messages came back as they were sent.", e.sent))
		t := p.traffic
		p.res.Traffic = &t
		e.in.done()
	}
	p.logMode(true)
	p.close(codeNormal, "")
}

// compare says in words how a message differs from the last one sent; "" if it does
// not.
func (e *echo) compare(binary bool, data []byte) string {
	switch {
	case binary != e.body.binary:
		return fmt.Sprintf("binary is %t, not %t", binary, e.body.binary)
	case bytes.Equal(data, e.last):
		return ""
	case !binary && utf8.RuneCount(data) != e.size:
		return fmt.Sprintf("it has %d characters, not %d", utf8.RuneCount(data), e.size)
	case binary && len(data) != e.size:
		return fmt.Sprintf("it has %d octets, not %d", len(data), e.size)
	}
	i := 0
	for i < len(data) && i < len(e.last) && data[i] == e.last[i] {
		i++
	}
	return fmt.Sprintf("octet %d is the first that differs", i)
}

// judgeEcho is the end of a case.
func judgeEcho(p *peer) {
	p.res.ReportCompressionRatio = true
	if p.deflate != nil && p.deflate.err != nil {
		// As the original does, which drops the connection then.
		p.setVerdict(report.Failed, fmt.Sprintf("What came back cannot be inflated: %v.", p.deflate.err))
		p.res.BehaviorClose, p.res.ResultClose = report.Failed,
			"The connection failed before it could be closed."
	}
}
