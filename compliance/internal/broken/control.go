package broken

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"
)

// control handles a control frame.
func (p *peer) control(h header) error {
	if h.opcode > opPong && !p.broken("opcode-control-ignored") {
		return fail(codeProtocol, "reserved opcode")
	}
	if p.controls++; p.controls > maxControl && !p.broken("flood-control") {
		return fail(codePolicy, "too many control frames")
	}
	var payload []byte
	err := p.payload(h, func(piece []byte) error {
		payload = append(payload, piece...)
		return nil
	})
	if err != nil {
		return err
	}
	if p.open {
		switch {
		case p.broken("control-resets-message"):
			p.message = p.message[:0]
		case p.broken("control-joins-message"):
			p.message = append(p.message, payload...)
		case p.broken("control-refused-inside"):
			return fail(codeProtocol, "control frame inside a message")
		}
	}
	switch h.opcode {
	case opClose:
		return p.onClose(payload)
	case opPing:
		return p.onPing(payload)
	case opPong:
		return p.onPong(payload)
	}
	return nil
}

// onPing answers a ping.
func (p *peer) onPing(payload []byte) error {
	p.pings++
	switch {
	case p.broken("pong-missing"), p.broken("pong-beside-large-missing") && cap(p.message) > 1<<20:
		return nil
	case p.broken("pong-empty"):
		payload = nil
	case p.broken("pong-truncated"):
		payload = payload[:min(len(payload), 100)]
	case p.broken("pong-as-ping"):
		return p.write(true, 0, opPing, payload)
	case p.broken("pong-twice"):
		if err := p.pong(payload); err != nil {
			return err
		}
	case p.broken("pong-of-empty-missing") && len(payload) == 0:
		return nil
	case p.broken("pong-reordered") && p.pings > 1:
		// From the second ping on, pongs are sent in pairs, the later one first.
		if p.held == nil {
			p.held = [][]byte{payload}
			return nil
		}
		if err := p.pong(payload); err != nil {
			return err
		}
		return p.flushPongs()
	case p.open && (p.broken("pong-after-message") || p.broken("pong-at-message-end")):
		p.held = append(p.held, payload)
		return nil
	}
	return p.pong(payload)
}

// pong sends a pong.
func (p *peer) pong(payload []byte) error {
	if p.broken("deflate-control") && p.deflate != nil {
		return p.write(true, 4, opPong, p.deflate.deflate(payload))
	}
	return p.write(true, 0, opPong, payload)
}

// flushPongs sends the pongs that were held back.
func (p *peer) flushPongs() error {
	held := p.held
	p.held = nil
	for _, payload := range held {
		if err := p.pong(payload); err != nil {
			return err
		}
	}
	return nil
}

// onPong handles a pong. A correct peer ignores it.
func (p *peer) onPong(payload []byte) error {
	switch {
	case p.broken("pong-answered"):
		return p.write(true, 0, opPong, payload)
	case p.broken("pong-refused"):
		return fail(codeProtocol, "unsolicited pong")
	}
	return nil
}

// onClose answers a close frame and ends the connection.
func (p *peer) onClose(payload []byte) error {
	if p.broken("close-ignored") {
		return errClosed
	}
	if p.broken("close-unanswered") {
		p.conn.Close()
		return errClosed
	}
	if err := p.checkClose(payload); err != nil {
		return err
	}
	answer := payload[:min(len(payload), 2)] // the code, if there is one
	switch {
	case p.broken("close-code-1002"):
		answer = binary.BigEndian.AppendUint16(nil, codeProtocol)
	case p.broken("close-code-1000"):
		answer = binary.BigEndian.AppendUint16(nil, codeNormal)
	case p.broken("close-code-1005"):
		answer = binary.BigEndian.AppendUint16(nil, 1005)
	case p.broken("close-code-missing"):
		answer = nil
	case p.broken("close-code-swapped") && len(answer) == 2:
		answer = []byte{answer[1], answer[0]}
	case p.broken("close-reason-not-utf8"):
		answer = append(answer[:len(answer):len(answer)], "\xff"...)
	case p.broken("close-sends-data"):
		if err := p.write(true, 0, opClose, answer); err != nil {
			return err
		}
		if err := p.write(true, 0, opText, []byte("too late")); err != nil {
			return err
		}
		return errClosed
	case p.broken("close-twice"):
		if err := p.write(true, 0, opClose, answer); err != nil {
			return err
		}
	}
	if err := p.write(true, 0, opClose, answer); err != nil {
		return err
	}
	return errClosed
}

// close starts the closing handshake and ignores frames before the answer.
func (p *peer) close(payload []byte) {
	if code := int(binary.BigEndian.Uint16(payload)); !p.validCode(code) && !p.broken("close-any-code") {
		binary.BigEndian.PutUint16(payload, 1011)
	}
	err := p.write(true, 0, opClose, payload)
	switch {
	case p.broken("close-twice"):
		err = errors.Join(err, p.write(true, 0, opClose, payload))
	case p.broken("close-sends-data"):
		err = errors.Join(err, p.write(true, 0, opText, []byte("too late")))
	case p.broken("close-unawaited"):
		err = errClosed
	}
	for h := (header{}); err == nil; {
		if h, err = p.readHeader(); err != nil {
			break
		}
		if p.broken("close-then-goes-on") && h.opcode < opClose {
			err = p.data(h)
			continue
		}
		if err = p.payload(h, func([]byte) error { return nil }); err == nil && h.opcode == opClose {
			err = errClosed
		}
	}
	p.end(err)
}

// checkClose checks the payload of a close frame, RFC 6455, section 5.5.1.
func (p *peer) checkClose(payload []byte) error {
	switch {
	case len(payload) == 0:
		return nil
	case len(payload) == 1 && p.broken("close-length-1"):
		return nil
	case len(payload) == 1:
		return fail(codeProtocol, "close payload of one byte")
	case !p.validCode(int(binary.BigEndian.Uint16(payload))):
		return fail(codeProtocol, "invalid close code")
	case p.broken("close-utf8-cut") && (&validator{defect: p.defect}).check(payload[2:]):
		return nil // the last character may be incomplete
	case !utf8.Valid(payload[2:]) && !p.broken("close-utf8-unchecked"):
		return fail(codeNotUTF8, "close reason is not UTF-8")
	}
	return nil
}

// validCode reports whether a close frame may have this code, by RFC 6455, section 7.4, and
// later registrations.
func (p *peer) validCode(code int) bool {
	switch {
	case code < 1000:
		return p.broken("close-below-1000")
	case code == 1004:
		return p.broken("close-1004")
	case code == 1005:
		return p.broken("close-1005")
	case code == 1006:
		return p.broken("close-1006")
	case code == 1015:
		return p.broken("close-1015")
	case code <= 1003:
		return true
	case code <= 1011:
		return !p.broken("close-1007-refused")
	case code <= 1014:
		return !p.broken("close-1012-refused")
	case code < 3000:
		return p.broken("close-below-3000")
	case code < 5000:
		return !p.broken("close-3000-refused")
	}
	return p.broken("close-5000")
}

// writeClose sends a close frame. It cuts the reason to fit into a control frame.
func (p *peer) writeClose(code int, reason string) error {
	payload := binary.BigEndian.AppendUint16(nil, uint16(code))
	return p.write(true, 0, opClose, append(payload, reason[:min(len(reason), 123)]...))
}
