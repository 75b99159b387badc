package suite

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// maxReceived limits the size of a received message, in bytes. The largest message of a case has 16 MiB.
const maxReceived = 64 << 20

// A receiver is the state of the incoming stream. After an invalid frame, it goes on as if the frame
// were valid, because it still has to receive the answer to our close frame.
type receiver struct {
	buf     []byte // of an incomplete header
	frame   wire.Header
	inFrame bool
	at      int64 // bytes of the frame's payload received so far
	payload []byte

	inMessage  bool
	isText     bool
	isDeflated bool
	message    []byte
	utf8       wire.UTF8
	badText    bool
}

// feed handles received bytes.
func (p *driver) feed(b []byte) {
	if len(b) == 0 || p.state == closed {
		return
	}
	p.logRx(b)
	if !p.c.Heavy {
		p.got.add(b)
	}
	if p.state == open {
		p.traffic.IncomingOctetsWireLevel += int64(len(b))
	}
	for len(b) > 0 && p.state != closed {
		var n int
		if !p.in.inFrame {
			if n = p.header(b); n < 0 {
				return
			}
		} else {
			n = p.part(b)
		}
		b = b[n:]
	}
	if h, _, whole := parseHeader(b); p.server && p.peerClosed && whole && h.Opcode == wire.OpClose {
		p.secondClose() // a client sent it together with the first one, or after we dropped TCP
	}
}

// header reads the header of a frame and returns the number of bytes of b that it consumed, or -1 if it
// consumed all of b and the header is incomplete.
func (p *driver) header(b []byte) int {
	in := &p.in
	before := len(in.buf)
	in.buf = append(in.buf, b[:min(len(b), wire.MaxHeaderSize)]...)
	h, n, ok := parseHeader(in.buf)
	if !ok {
		if before+len(b) < wire.MaxHeaderSize {
			return -1
		}
		panic("BUG: suite: a header longer than any")
	}
	p.checkHeader(h, in.buf)
	in.buf = in.buf[:0]
	in.frame, in.inFrame, in.at, in.payload = h, true, 0, in.payload[:0]
	p.beginFrameIn()
	if h.Length == 0 {
		p.endFrame()
	}
	return n - before
}

// parseHeader parses a header without validating it. ok is false if the header is incomplete. A length
// with its top bit set is returned as the largest int64.
func parseHeader(b []byte) (h wire.Header, n int, ok bool) {
	if len(b) < 2 {
		return h, 0, false
	}
	h.Fin, h.RSV, h.Opcode = b[0]&0x80 != 0, b[0]>>4&7, wire.Opcode(b[0]&15)
	h.Masked, h.Length = b[1]&0x80 != 0, int64(b[1]&0x7f)
	n = 2
	switch {
	case h.Length == 126 && len(b) >= n+2:
		h.Length, n = int64(binary.BigEndian.Uint16(b[n:])), n+2
	case h.Length == 127 && len(b) >= n+8:
		h.Length, n = int64(min(binary.BigEndian.Uint64(b[n:]), 1<<63-1)), n+8
	case h.Length >= 126:
		return h, 0, false
	}
	if h.Masked {
		if len(b) < n+4 {
			return h, 0, false
		}
		n += copy(h.Key[:], b[n:])
	}
	return h, n, true
}

// checkHeader fails the connection if a header breaks a rule.
func (p *driver) checkHeader(h wire.Header, raw []byte) {
	in, small := &p.in, raw[1]&0x7f
	bad := func(format string, args ...any) { p.fail(codeProtocolError, fmt.Sprintf(format, args...)) }
	if h.RSV != 0 && (p.deflate == nil || h.RSV != 4) {
		bad("reserved bits %03b without an extension", h.RSV)
	}
	if p.server && !h.Masked {
		bad("unmasked frame from a client")
	}
	if !p.server && h.Masked {
		bad("masked frame from a server")
	}
	if h.Opcode.IsControl() {
		switch {
		case !h.Fin:
			bad("fragmented control frame")
		case small > 125:
			bad("control frame of more than 125 bytes")
		case h.Opcode > wire.OpPong:
			bad("reserved opcode %d", h.Opcode)
		case h.Opcode == wire.OpClose && small == 1:
			bad("close frame of one byte")
		case h.RSV == 4 && p.deflate != nil:
			bad("compressed control frame")
		}
	} else {
		switch {
		case h.Opcode > wire.OpBinary:
			bad("reserved opcode %d", h.Opcode)
		case h.Opcode == wire.OpContinuation && !in.inMessage:
			bad("continuation without a message")
		case h.Opcode != wire.OpContinuation && in.inMessage:
			bad("new message within a fragmented one")
		case h.RSV == 4 && p.deflate != nil && in.inMessage:
			bad("compressed bit on a continuation")
		}
	}
	switch {
	case small == 126 && h.Length < 126, small == 127 && h.Length < 1<<16:
		bad("length not in its shortest form")
	case small == 127 && raw[2]&0x80 != 0:
		bad("length with its top bit set")
	}
}

// beginFrameIn begins a received frame.
func (p *driver) beginFrameIn() {
	in := &p.in
	if in.frame.Opcode.IsControl() {
		return
	}
	if !in.inMessage {
		in.inMessage, in.message, in.badText = true, in.message[:0], false
		in.isDeflated = p.deflate != nil && in.frame.RSV == 4
		in.isText = in.frame.Opcode == wire.OpText
		in.utf8.Reset()
	}
	if int64(len(in.message))+in.frame.Length > maxReceived {
		p.fail(codeTooBig, "a message of more than 64 MiB")
		p.dropNow(true)
	}
}

// part consumes bytes of a frame's payload and returns the number of bytes.
func (p *driver) part(b []byte) int {
	in := &p.in
	n := int(min(int64(len(b)), in.frame.Length-in.at))
	control := in.frame.Opcode.IsControl()
	text := b[:n]
	if keep := control && len(in.payload) < 1<<16 || !control && !p.res.FailedByMe; keep {
		at := len(in.payload)
		in.payload = append(in.payload, text...)
		text = in.payload[at:]
	} else if in.frame.Masked {
		text = slices.Clone(text)
	}
	if in.frame.Masked {
		wire.Mask(text, in.frame.Key, in.at)
	}
	if !control && in.isText && !in.isDeflated {
		p.checkText(text)
	}
	in.at += int64(n)
	if n > 0 && in.at == in.frame.Length {
		p.endFrame()
	}
	return n
}

// checkText fails the connection at the first byte that is not UTF-8.
func (p *driver) checkText(b []byte) {
	if _, ok := p.in.utf8.Check(b); !ok || p.in.badText {
		p.in.badText = true
		p.fail(codeInvalidPayload, "text that is not UTF-8")
	}
}

// endFrame ends a received frame.
func (p *driver) endFrame() {
	in := &p.in
	h := in.frame
	in.inFrame = false
	mask := ""
	if h.Masked {
		mask = hex.EncodeToString(h.Key[:])
	}
	p.res.RxFrameStats[int(h.Opcode)]++
	p.log(report.LogEntry{
		Kind: report.RxFrame, Size: len(in.payload), Text: report.Text(in.payload), Opcode: int(h.Opcode),
		Fin: h.Fin, RSV: int(h.RSV), Masked: h.Masked, Mask: mask,
	}, false)
	if h.Opcode.IsControl() {
		p.control(h.Opcode, in.payload)
		return
	}
	if p.peerClosed {
		p.aside("The peer sent a data frame after its close frame.", ruleAfterClose)
	}
	if p.state == open {
		p.traffic.IncomingWebSocketFrames++
		p.traffic.IncomingOctetsWebSocketLevel += int64(len(in.payload))
	}
	in.message = append(in.message, in.payload...)
	if h.Fin {
		in.inMessage = false
		p.endMessageIn()
	}
}

// endMessageIn delivers a received message.
func (p *driver) endMessageIn() {
	in := &p.in
	data := in.message
	if p.res.FailedByMe && in.isDeflated {
		return // the payload was not kept
	}
	if in.isDeflated {
		var err error
		if data, err = p.deflate.inflate(data); err != nil {
			p.fail(codeInvalidPayload, err.Error())
			return
		}
		if in.isText {
			p.checkText(data)
		}
	}
	if in.isText && (in.badText || !in.utf8.Complete()) {
		p.fail(codeInvalidPayload, "text that ends within a character")
	}
	if p.state == open {
		p.traffic.IncomingWebSocketMessages++
		p.traffic.IncomingOctetsAppLevel += int64(len(data))
	}
	if !p.res.FailedByMe {
		p.message(!in.isText, data)
	}
}

// control handles a control frame.
func (p *driver) control(op wire.Opcode, payload []byte) {
	switch op {
	case wire.OpClose:
		p.gotClose(payload)
	case wire.OpPing:
		if p.state == open && len(payload) <= wire.MaxControlPayload && len(p.unanswered) < maxUnanswered {
			p.unanswered = append(p.unanswered, slices.Clone(payload))
			p.settle()
		}
	case wire.OpPong:
		p.gotPong(payload)
	}
}

// gotClose handles a close frame (RFC 6455, section 5.5.1).
func (p *driver) gotClose(payload []byte) {
	r := p.res
	if p.peerClosed {
		p.secondClose()
		return
	}
	p.peerClosed = true
	r.RemoteCloseCode, r.RemoteCloseReason = 0, ""
	if len(payload) >= 2 {
		r.RemoteCloseCode = int(binary.BigEndian.Uint16(payload))
		r.RemoteCloseZero = r.RemoteCloseCode == 0
		if !sendable(r.RemoteCloseCode) {
			p.fail(codeProtocolError, fmt.Sprintf("close frame with code %d", r.RemoteCloseCode))
		}
		var u wire.UTF8
		if _, ok := u.Check(payload[2:]); !ok || !u.Complete() {
			p.fail(codeInvalidPayload, "close reason that is not UTF-8")
		}
		r.RemoteCloseReason = report.Text(payload[2:])
	}
	switch p.state {
	case closing: // the answer to ours
		if p.replied != nil {
			p.replied.stop()
		}
		r.WasClean = true
		if p.server {
			p.dropNow(false)
		} else if p.dropped == nil {
			p.dropped = p.after(p.o.CloseTimeout, func() {
				r.WasServerConnectionDropTimeout, r.Waited = true, true
				p.drop("the server did not drop TCP in time")
			})
		}
	case open:
		r.WasClean = true
		p.sendClose(binary.BigEndian.AppendUint16(nil, codeNormal))
		if p.server {
			p.dropNow(true)
		}
	}
}

// secondClose remarks on a second close frame.
func (p *driver) secondClose() {
	p.aside("The peer sent a second close frame. The code and the reason are those of the first.",
		ruleFirstClose)
}

// sendable reports whether a close frame may carry the code, by Autobahn's list. The list rejects 1012
// to 1014, which were registered later.
func sendable(code int) bool {
	switch {
	case code < 1000 || code >= 5000:
		return false
	case code >= 3000:
		return true
	}
	return code <= 1011 && code != 1004 && code != 1005 && code != 1006
}
