package suite

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/wire"
)

// bytePause is the pause before a byte that is written by itself. It is as long as Autobahn's. Without
// it, a peer would have no time to answer a message before the breach that follows.
const bytePause = 100 * time.Microsecond

// write sends bytes. If sync is true, they have their own write. If chop is not 0, each write has at most
// chop bytes.
func (p *driver) write(data []byte, sync bool, chop int) {
	if p.state == closed {
		return
	}
	if p.state == open {
		p.traffic.OutgoingOctetsWireLevel += int64(len(data))
	}
	if !p.c.Heavy {
		p.sent.add(data)
	}
	if chop == 0 && !sync {
		p.logTx(data, false)
		p.held = append(p.held, parcel{data: data})
		return
	}
	if chop == 0 {
		chop = len(data)
	}
	for c := range slices.Chunk(data, max(chop, 1)) {
		q := parcel{data: c, alone: true, before: func() { // a separate write is logged when it happens
			p.mu.Lock()
			defer p.mu.Unlock()
			p.logTx(c, true)
		}}
		if len(c) == 1 && !p.c.Heavy {
			q.gap = bytePause
		}
		p.held = append(p.held, q)
	}
}

// release passes the outbox everything that the current event has written. The caller holds the lock.
func (p *driver) release() {
	p.out.put(join(p.held)...)
	p.held = nil
}

// send sends a frame.
func (p *driver) send(f frame) {
	n := len(f.payload)
	if f.repeat > 0 {
		n = f.repeat
	}
	h := wire.Header{Fin: !f.more, RSV: byte(f.rsv), Opcode: f.op, Length: int64(n), Masked: !p.server}
	mask := ""
	if h.Masked {
		rand.Read(h.Key[:]) // never fails
		mask = hex.EncodeToString(h.Key[:])
	}
	raw := wire.AppendHeader(make([]byte, 0, h.Size()+n), h)
	head := len(raw)
	for len(raw)-head < n {
		raw = append(raw, f.payload[:min(len(f.payload), n-(len(raw)-head))]...)
	}
	if h.Masked {
		wire.Mask(raw[head:], h.Key, 0)
	}
	if p.state == open && f.op < wire.OpClose {
		p.traffic.OutgoingWebSocketFrames++
	}
	p.res.TxFrameStats[int(f.op)]++
	p.log(report.LogEntry{
		Kind: report.TxFrame, Size: len(f.payload), Text: report.Text(f.payload), Opcode: int(f.op),
		Fin: h.Fin,
		RSV: f.rsv, Mask: mask, Repeat: f.repeat, Chop: f.chop, Sync: f.sync,
	}, false)
	p.write(raw, f.sync, f.chop)
}

// sendMessage sends a message, compressed if permessage-deflate was negotiated, in fragments of size
// bytes. Size 0 means one frame. As in Autobahn, a message whose length is a multiple of size ends with
// an empty fragment.
func (p *driver) sendMessage(op wire.Opcode, data []byte, size int) {
	if p.state != open {
		return
	}
	f := frame{op: op, payload: data}
	if p.deflate != nil {
		f.payload, f.rsv = p.deflate.compress(data), 4
	}
	p.traffic.OutgoingWebSocketMessages++
	p.traffic.OutgoingOctetsAppLevel += int64(len(data))
	p.traffic.OutgoingOctetsWebSocketLevel += int64(len(f.payload))
	if size == 0 || len(f.payload) <= size {
		p.send(f)
		return
	}
	rest := f.payload
	for f.more = true; f.more; f.op, f.rsv = wire.OpContinuation, 0 {
		n := min(size, len(rest))
		f.more = n == size
		f.payload, rest = rest[:n], rest[n:]
		p.send(f)
	}
}

// beginFrame sends the header of a frame. The case sends the payload in pieces by framePart.
func (p *driver) beginFrame(op wire.Opcode, more bool, n int) {
	p.piece.h = wire.Header{Fin: !more, Opcode: op, Length: int64(n), Masked: !p.server}
	p.piece.at = 0
	if p.piece.h.Masked {
		rand.Read(p.piece.h.Key[:])
	}
	p.write(wire.AppendHeader(nil, p.piece.h), false, 0)
}

func (p *driver) framePart(data []byte) {
	b := slices.Clone(data)
	if p.piece.h.Masked {
		wire.Mask(b, p.piece.h.Key, p.piece.at)
	}
	p.piece.at += int64(len(b))
	p.write(b, false, 0)
	p.settle()
}

// settle answers the pings received so far, unless a frame of ours is incomplete: the peer would take a
// pong for the rest of that frame.
func (p *driver) settle() {
	if p.state != open || p.piece.at < p.piece.h.Length {
		return
	}
	for _, data := range p.unanswered {
		if p.res.TxFrameStats[int(wire.OpPong)] >= maxPongs {
			break
		}
		p.send(frame{op: wire.OpPong, payload: data})
	}
	p.unanswered = nil
}

// close begins the closing handshake, unless either side has begun it. Code 0 means an empty close frame.
func (p *driver) close(code int, reason string) {
	var payload []byte
	if code != 0 {
		payload = append(binary.BigEndian.AppendUint16(nil, uint16(code)), reason...)
	}
	p.closeRaw(payload)
}

// closeRaw begins the closing handshake with any payload.
func (p *driver) closeRaw(payload []byte) {
	if p.state == open {
		p.sendClose(payload)
		p.res.ClosedByMe = true
		p.replied = p.after(p.o.CloseTimeout, func() {
			p.res.WasCloseHandshakeTimeout, p.res.Waited = true, true
			p.drop("the peer did not answer the close frame in time")
		})
	}
}

// sendClose sends our first close frame.
func (p *driver) sendClose(payload []byte) {
	p.send(frame{op: wire.OpClose, payload: payload})
	p.state = closing
	if len(payload) >= 2 {
		p.res.LocalCloseCode = int(binary.BigEndian.Uint16(payload))
		p.res.LocalCloseZero = p.res.LocalCloseCode == 0
		p.res.LocalCloseReason = report.Text(payload[2:])
	} else if len(payload) > 0 {
		p.res.LocalCloseReason = report.Text(payload)
	}
}

// fail fails the connection: by a close frame, or by dropping TCP if we have already sent one.
func (p *driver) fail(code int, reason string) {
	if p.state == closed {
		return
	}
	if code != codeGoingAway && p.broke == "" {
		p.broke = reason
	}
	p.res.FailedByMe = true
	if p.state == closing {
		p.dropNow(true)
		return
	}
	p.close(code, reason)
}

// drop ends TCP, and records that the close was not clean.
func (p *driver) drop(why string) {
	p.res.WasClean, p.res.WasNotCleanReason = false, why
	p.dropNow(false)
}

// dropNow ends TCP: at once, or if flush is true, once everything is written or after CloseTimeout.
func (p *driver) dropNow(flush bool) {
	if p.state != closed {
		p.res.DroppedByMe = true
		p.state = closed
		limit := time.Duration(0)
		if flush {
			limit = p.o.CloseTimeout
		}
		p.release()
		p.out.drop(limit)
	}
}
