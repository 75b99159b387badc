package broken

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"time"
	"unicode/utf8"
)

// A defect is the name of a defect; empty for none.
type defect string

// broken reports whether d is the defect with this name.
func (d defect) broken(name string) bool { return string(d) == name }

// timed is a connection whose reads and writes time out.
type timed struct {
	*net.TCPConn
	until time.Time // deadline of all reads, if not zero
}

func (t *timed) Read(b []byte) (int, error) {
	deadline := time.Now().Add(readTimeout)
	if !t.until.IsZero() && t.until.Before(deadline) {
		deadline = t.until
	}
	if err := t.SetReadDeadline(deadline); err != nil {
		return 0, err
	}
	return t.TCPConn.Read(b)
}

func (t *timed) Write(b []byte) (int, error) {
	if err := t.SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return 0, err
	}
	return t.TCPConn.Write(b)
}

// A peer is one end of an open connection. It sends every message back. It uses a single
// goroutine.
type peer struct {
	defect
	client  bool
	conn    *timed // reads go through br
	br      *bufio.Reader
	deflate *packer // nil if permessage-deflate was not agreed on
	piece   []byte

	// The message being received.
	open    bool
	opcode  byte
	packed  bool // its first frame had RSV1
	message []byte
	text    validator

	empty    int      // empty fragments in a row
	controls int      // control frames since the last data frame
	pings    int      // received pings
	held     [][]byte // payloads of delayed pongs, with some defects
	kept     []byte   // a delayed message, with some defects
	echoed   int      // messages sent back
	seeded   *rand.Rand
}

func newPeer(d defect, client bool, conn *timed, br *bufio.Reader, deflate *packer) *peer {
	return &peer{defect: d, client: client, conn: conn, br: br, deflate: deflate, piece: make([]byte, 16<<10)}
}

// errClosed ends a connection after the closing handshake.
var errClosed = errors.New("closed")

// echo sends messages back until the connection ends.
func (p *peer) echo() {
	for {
		h, err := p.readHeader()
		if err == nil {
			if h.opcode >= opClose {
				err = p.control(h)
			} else {
				err = p.data(h)
			}
		}
		if err == errClosed && (p.broken("close-then-goes-on") || p.broken("close-ignored")) {
			err = nil
		}
		if err != nil {
			p.end(err)
			return
		}
	}
}

// data handles a data frame.
func (p *peer) data(h header) error {
	p.controls = 0
	if h.opcode > opBinary {
		switch {
		case p.broken("opcode-data-ignored"):
			return p.payload(h, func([]byte) error { return nil })
		case p.broken("opcode-data-echoed"):
			h.opcode = opBinary
		default:
			return fail(codeProtocol, "reserved opcode")
		}
	}
	if err := p.begin(h); err != nil {
		return err
	}
	if p.empty++; h.length > 0 || h.fin {
		p.empty = 0
	} else if p.empty > maxEmpty && !p.broken("flood-fragments") {
		return fail(codePolicy, "too many empty fragments")
	}
	if h.fin && h.opcode == opContinuation && p.broken("fragment-last-lost") {
		if err := p.payload(h, func([]byte) error { return nil }); err != nil {
			return err
		}
		return p.deliver()
	}
	if err := p.payload(h, p.add); err != nil {
		return err
	}
	if p.open && p.broken("utf8-per-frame") && p.text.need > 0 && p.opcode == opText && !p.packed {
		return fail(codeNotUTF8, "not UTF-8")
	}
	switch {
	case !p.open:
		return nil
	case h.fin || h.length == 0 && p.broken("fragment-empty-ends"):
		return p.deliver()
	case p.broken("fragments-apart"):
		err := p.reply(p.message)
		p.message = p.message[:0]
		return err
	}
	return nil
}

// begin starts a message unless one is open.
func (p *peer) begin(h header) error {
	opcode := h.opcode
	switch {
	case opcode != opContinuation && p.open && p.broken("message-inside-continues"):
		return nil
	case opcode != opContinuation && p.open && !p.broken("message-inside-replaces"):
		return fail(codeProtocol, "new message inside a fragmented message")
	case opcode == opContinuation && p.open:
		return nil
	case opcode == opContinuation && p.broken("continuation-first"):
		opcode = opText
	case opcode == opContinuation && p.broken("continuation-first-ignored"):
		return nil
	case opcode == opContinuation:
		return fail(codeProtocol, "continuation without a message")
	}
	p.open, p.opcode, p.packed = true, opcode, h.rsv&4 != 0 && p.deflate != nil
	switch {
	case p.broken("messages-merged"):
	case cap(p.message) > 1<<20:
		p.message = nil // a large message is not kept for the next one
	default:
		p.message = p.message[:0]
	}
	p.text = validator{defect: p.defect}
	return nil
}

// add appends a piece to the open message. It validates text as it arrives.
func (p *peer) add(piece []byte) error {
	if !p.open {
		return nil
	}
	if len(p.message)+len(piece) > maxMessage && !p.broken("length-unlimited") {
		return fail(codeTooLarge, "message too large")
	}
	p.message = append(p.message, piece...)
	if p.packed || p.lateUTF8() {
		return nil
	}
	return p.checkText(piece)
}

// lateUTF8 reports whether the defect prevents the validation of pieces.
func (p *peer) lateUTF8() bool {
	return p.broken("utf8-unchecked") || p.broken("utf8-at-end") || p.broken("utf8-replaced")
}

// checkText validates more of the open message if it is text.
func (p *peer) checkText(more []byte) error {
	if p.opcode != opText && !p.broken("utf8-of-binary") || p.text.check(more) {
		return nil
	}
	return p.notUTF8()
}

func (p *peer) notUTF8() error {
	if p.broken("utf8-code") {
		return fail(codeProtocol, "not UTF-8")
	}
	return fail(codeNotUTF8, "not UTF-8")
}

// deliver ends the open message and sends it back.
func (p *peer) deliver() (err error) {
	p.open = false
	message := p.message
	if p.packed && !p.broken("deflate-not-inflated") {
		if message, err = p.deflate.inflate(message); err != nil {
			return err
		}
		if !p.broken("deflate-utf8-unchecked") {
			if err := p.checkText(message); err != nil {
				return err
			}
		}
	} else if p.broken("utf8-at-end") {
		if err := p.checkText(message); err != nil {
			return err
		}
	}
	text := p.opcode == opText && !p.broken("utf8-unchecked")
	switch {
	case text && p.broken("utf8-replaced"):
		message = bytes.ToValidUTF8(message, []byte("\uFFFD"))
	case text && !p.text.whole():
		return p.notUTF8()
	case text && p.broken("utf8-noncharacters") && noncharacter(message):
		return p.notUTF8()
	}
	if p.broken("pong-at-message-end") {
		if err := p.flushPongs(); err != nil {
			return err
		}
	}
	if err := p.reply(message); err != nil || !p.broken("pong-after-message") {
		return err
	}
	return p.flushPongs()
}

// noncharacter reports whether text has a noncharacter, such as U+FFFE, which is valid in
// UTF-8.
func noncharacter(text []byte) bool {
	for len(text) > 0 {
		r, n := utf8.DecodeRune(text)
		if r&0xfffe == 0xfffe {
			return true
		}
		text = text[n:]
	}
	return false
}

// reply sends a message back.
func (p *peer) reply(message []byte) error {
	opcode := p.opcode
	switch {
	case p.broken("slow"):
		time.Sleep(slowness)
	case p.broken("message-from-126-lost") && len(message) > 125:
		return nil
	case p.broken("message-empty-lost") && len(message) == 0:
		return nil
	case p.broken("message-cut-64k"):
		message = message[:min(len(message), 1<<16-1)]
	case p.broken("message-cut-1m"):
		message = message[:min(len(message), 1<<20-1)]
	case p.broken("utf8-mark-lost") && opcode == opText:
		message = bytes.TrimPrefix(message, []byte("\uFEFF"))
	case p.broken("text-as-binary"):
		opcode = opBinary
	case p.broken("binary-as-text"):
		opcode = opText
	case p.broken("messages-swapped") && p.kept == nil && p.br.Buffered() > 0:
		p.kept = append([]byte{}, message...) // the next message overtakes it
		return nil
	case p.broken("message-twice"):
		if err := p.send(opcode, message); err != nil {
			return err
		}
	}
	if err := p.send(opcode, message); err != nil {
		return err
	}
	if kept := p.kept; kept != nil {
		p.kept = nil
		return p.send(opcode, kept)
	}
	if p.echoed++; p.broken("close-first") {
		return fail(codeNormal, "")
	}
	return nil
}

// send sends a message, compressed if compression was agreed on.
func (p *peer) send(opcode byte, message []byte) error {
	if p.deflate == nil || p.broken("deflate-not-inflated") && !p.packed {
		return p.write(true, 0, opcode, message)
	}
	rsv := byte(4)
	if p.broken("deflate-rsv1-missing") {
		rsv = 0
	}
	if !p.broken("deflate-not-deflated") && !p.broken("deflate-not-inflated") {
		message = p.deflate.deflate(message)
	}
	return p.write(true, rsv, opcode, message)
}

// end closes the connection, with a close frame if the peer violated a rule.
func (p *peer) end(err error) {
	var f *failure
	switch {
	case errors.As(err, &f) && p.broken("fail-without-close"):
		p.conn.Close()
		return
	case errors.As(err, &f):
		if p.broken("fail-code-1000") {
			f.code = codeNormal
		}
		if p.writeClose(f.code, f.why) != nil {
			p.conn.Close()
			return
		}
	case err != errClosed:
		p.conn.Close()
		return
	}
	p.drop()
}

// drop ends the TCP connection so that a reset does not overtake the close frame. The server
// closes its direction at once. The client waits for the server.
func (p *peer) drop() {
	defer p.conn.Close()
	p.conn.until = time.Now().Add(closeTimeout)
	if p.broken("tcp-reset") {
		_ = p.conn.SetLinger(0)
		return
	}
	if p.broken("tcp-kept") {
		p.conn.until = time.Now().Add(readTimeout / 4)
	} else if !p.client {
		_ = p.conn.CloseWrite()
	}
	_, _ = io.Copy(io.Discard, io.LimitReader(p.br, maxMessage))
}
