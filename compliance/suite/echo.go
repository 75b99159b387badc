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

// An echo plays a case of group 12 or 13: it sends each message once the previous one has come back.
type echo struct {
	p              *driver
	body           *body
	size, fragment int
	at             int    // where the next message begins in the body
	sent           int    // messages sent
	last           []byte // the last message sent
	out, in        *track
	keys           []byte
	failed         bool
}

func (e *echo) start(wait time.Duration) {
	p := e.p
	p.byUs(codeNormal)
	if p.deflate == nil {
		p.setVerdict(report.Unimplemented, "The peer did not accept permessage-deflate.")
		p.close(codeNormal, "")
		return
	}
	f := p.deflate
	f.most = e.body.maxBytes(e.size)
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

// send sends the last message, whose compressed form is z, like [driver.sendMessage]. All its frames
// share one write, because separate writes of 256 bytes would cost more than the frames themselves.
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

// recall returns the last message if z is known to inflate to it.
func (e *echo) recall(z []byte) ([]byte, bool) {
	i := e.sent - 1
	if e.in.follows(i, z) {
		return e.last, true
	}
	e.in.record(i, z)
	return nil, false
}

// back handles a message that came back.
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
		p.setVerdict(report.OK, fmt.Sprintf("All %d messages came back unchanged.", e.sent))
		t := p.traffic
		p.res.Traffic = &t
		e.in.done()
	}
	p.logMode(true)
	p.close(codeNormal, "")
}

// compare says how a message differs from the last one sent. It returns "" if they are equal.
func (e *echo) compare(binary bool, data []byte) string {
	switch {
	case binary != e.body.binary:
		return "it is a message of the other type"
	case bytes.Equal(data, e.last):
		return ""
	case !binary && utf8.RuneCount(data) != e.size:
		return fmt.Sprintf("it has %d characters, not %d", utf8.RuneCount(data), e.size)
	case binary && len(data) != e.size:
		return fmt.Sprintf("it has %d bytes, not %d", len(data), e.size)
	}
	i := 0
	for i < len(data) && i < len(e.last) && data[i] == e.last[i] {
		i++
	}
	return fmt.Sprintf("it differs from byte %d on", i)
}

// judgeEcho completes the verdict at the end of a case.
func judgeEcho(p *driver) {
	p.res.ReportCompressionRatio = true
	if p.deflate != nil && p.deflate.err != nil {
		// Autobahn drops the connection in this case.
		p.setVerdict(report.Failed, fmt.Sprintf("A message that came back cannot be inflated: %v.",
			p.deflate.err))
		p.res.BehaviorClose, p.res.ResultClose = report.Failed,
			"The connection failed before it could be closed."
	}
}
