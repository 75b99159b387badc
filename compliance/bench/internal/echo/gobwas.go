package echo

import (
	"bufio"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"slices"
	"unicode/utf8"

	"github.com/gobwas/ws"
)

// serveGobwas is a hand-written loop on the low-level functions of gobwas/ws: it reuses its buffers, reads large
// payloads directly into place, and answers the messages of one read with one write.
func serveGobwas(ln net.Listener, _ Options) error {
	return serveConns(ln, func(nc net.Conn) {
		defer nc.Close()
		if _, err := ws.Upgrade(nc); err != nil {
			return // Upgrade has answered
		}
		c := gobwasConn{nc: nc, in: bufio.NewReaderSize(nc, 4<<10), buf: make([]byte, gobwasRoom)}
		for c.echo() == nil {
		}
	})
}

// A gobwasConn has a buffer for the message that is being read. Room for a header precedes the message, so that
// it can be sent without a copy.
type gobwasConn struct {
	nc   net.Conn
	in   *bufio.Reader
	out  []byte    // answers that have not been sent
	buf  []byte    // room for a header, and the message
	kind ws.OpCode // of the message, or 0
}

const (
	gobwasRoom = 10       // bytes of a server's largest header
	gobwasHeld = 16 << 10 // bytes of answers that are sent although more messages have arrived
)

var (
	errTooBig = errors.New("message is too big")
	errText   = errors.New("text is not UTF-8")
)

// echo reads a frame. It answers a message or control frame when it is complete.
func (c *gobwasConn) echo() error {
	h, err := ws.ReadHeader(c.in)
	if err != nil {
		return err
	}
	state := ws.StateServerSide
	if c.kind != 0 {
		state |= ws.StateFragmented
	}
	if err := ws.CheckHeader(h, state); err != nil {
		return err
	}
	n := len(c.buf)
	if h.Length > int64(maxMessage-n) {
		return errTooBig
	}
	c.buf = slices.Grow(c.buf, int(h.Length))[:n+int(h.Length)]
	p := c.buf[n:]
	if _, err := io.ReadFull(c.in, p); err != nil {
		return err
	}
	ws.Cipher(p, h.Mask, 0)
	switch {
	case h.OpCode.IsControl():
		c.buf = c.buf[:n]
		return c.control(h.OpCode, p)
	case h.OpCode != ws.OpContinuation:
		c.kind = h.OpCode
	}
	if !h.Fin {
		return nil
	}
	if c.kind == ws.OpText && !utf8.Valid(c.buf[gobwasRoom:]) {
		return errText
	}
	err = c.send()
	c.buf, c.kind = c.buf[:gobwasRoom], 0
	return err
}

// send sends the message: at once if no other has arrived, or else with the answers to the others.
func (c *gobwasConn) send() error {
	p := c.buf[gobwasRoom:]
	if c.in.Buffered() == 0 && len(c.out) == 0 {
		var header [gobwasRoom]byte
		head := appendHeader(header[:0], c.kind, len(p))
		b := c.buf[gobwasRoom-len(head):]
		copy(b, head)
		_, err := c.nc.Write(b)
		return err
	}
	c.out = append(appendHeader(c.out, c.kind, len(p)), p...)
	return c.flush()
}

// control answers a control frame. It returns io.EOF after a close frame.
func (c *gobwasConn) control(op ws.OpCode, p []byte) error {
	switch op {
	case ws.OpPing:
		c.out = append(appendHeader(c.out, ws.OpPong, len(p)), p...)
		return c.flush()
	case ws.OpClose:
		c.out = append(appendHeader(c.out, ws.OpClose, len(p)), p...)
		_, _ = c.nc.Write(c.out)
		return io.EOF
	}
	return nil
}

// flush sends the answers unless more messages have arrived.
func (c *gobwasConn) flush() error {
	if c.in.Buffered() > 0 && len(c.out) < gobwasHeld {
		return nil
	}
	_, err := c.nc.Write(c.out)
	c.out = c.out[:0]
	return err
}

// appendHeader appends the header of a frame. ws.WriteHeader would allocate.
func appendHeader(b []byte, op ws.OpCode, n int) []byte {
	b = append(b, 0x80|byte(op))
	switch {
	case n <= 125:
		return append(b, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, 126), uint16(n))
	}
	return binary.BigEndian.AppendUint64(append(b, 127), uint64(n))
}
