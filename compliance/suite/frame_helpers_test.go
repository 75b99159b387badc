package suite

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// returnFrames sends every frame back, up to a close frame. If n is not negative, it closes with code
// after n frames. At an unmasked frame, it closes with 1002.
func returnFrames(c net.Conn, rest []byte, packed bool, n, code int) {
	buf := make([]byte, 64<<10)
	for {
		h, size, err := wire.ConsumeHeader(rest)
		for err == nil && len(rest) >= size+int(h.Length) {
			payload := rest[size : size+int(h.Length)]
			wire.Mask(payload, h.Key, 0)
			rest = rest[size+int(h.Length):]
			if n--; !h.Masked {
				n, code = -1, 1002
			}
			if n == -1 {
				_, _ = c.Write([]byte{0x88, 2, byte(code >> 8), byte(code)})
				_, _ = c.Read(buf)
				return
			}
			back := wire.Header{Fin: h.Fin, Opcode: h.Opcode, Length: h.Length}
			if packed {
				back.RSV = h.RSV
			}
			if h.Opcode == wire.OpPing {
				back.Opcode = wire.OpPong
			}
			if _, err := c.Write(append(wire.AppendHeader(nil, back), payload...)); err != nil ||
				h.Opcode == wire.OpClose {
				return
			}
			h, size, err = wire.ConsumeHeader(rest)
		}
		size, err = c.Read(buf)
		if err != nil {
			return
		}
		rest = append(rest, buf[:size]...)
	}
}

// naive serves a connection after its handshake. It sends every frame back, valid or not, and drops TCP
// at a close frame.
func naive(c net.Conn) {
	buf := make([]byte, wire.MaxHeaderSize)
	for {
		n := 0
		var h wire.Header
		for ok := false; !ok; {
			if _, err := io.ReadFull(c, buf[n:n+1]); err != nil {
				return
			}
			n++
			h, _, ok = parseHeader(buf[:n])
		}
		if h.Opcode == wire.OpClose || h.Length > 64<<20 {
			return
		}
		payload := make([]byte, h.Length)
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		if h.Masked {
			wire.Mask(payload, h.Key, 0)
		}
		h.Fin, h.Masked = true, false
		if _, err := c.Write(append(wire.AppendHeader(nil, h), payload...)); err != nil {
			return
		}
	}
}

// fair echoes messages correctly, as far as the tests need it.
func fair(c net.Conn) { serveFrames(c, func(wire.Header, []byte) bool { return false }) }

// serveFrames is like fair, but ignores the frames for which odd returns true.
func serveFrames(c net.Conn, odd func(h wire.Header, payload []byte) bool) {
	buf := make([]byte, wire.MaxHeaderSize)
	var message []byte
	send := func(op wire.Opcode, b []byte) {
		_, _ = c.Write(append(wire.AppendHeader(nil,
			wire.Header{Fin: true, Opcode: op, Length: int64(len(b))}), b...))
	}
	op := wire.OpText
	for {
		n := 0
		var h wire.Header
		for ok := false; !ok; {
			if _, err := io.ReadFull(c, buf[n:n+1]); err != nil {
				return
			}
			n++
			h, _, ok = parseHeader(buf[:n])
		}
		payload := make([]byte, min(h.Length, 64<<20))
		if _, err := io.ReadFull(c, payload); err != nil {
			return
		}
		if h.Masked {
			wire.Mask(payload, h.Key, 0)
		}
		if h.Opcode != wire.OpContinuation && !h.Opcode.IsControl() {
			message, op = nil, h.Opcode
		}
		switch {
		case odd(h, payload):
		case h.Opcode == wire.OpClose:
			send(wire.OpClose, payload)
			return
		case h.Opcode == wire.OpPing:
			send(wire.OpPong, payload)
		case !h.Opcode.IsControl():
			if message = append(message, payload...); h.Fin {
				send(op, message)
			}
		}
	}
}

// closer answers the first frame with a close frame.
func closer(body string) func(net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Read(make([]byte, 64))
		_, _ = c.Write(append([]byte{0x88, byte(len(body))}, body...))
		_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
		_, _ = io.Copy(io.Discard, c)
	}
}

// once starts a server that serves its first connection with f, and all others with fair.
func once(t *testing.T, f func(net.Conn)) *target {
	var n atomic.Int64
	tgt, err := parseTarget(serveRaw(t, func(c net.Conn) {
		if n.Add(1) == 1 {
			f(c)
		} else {
			fair(c)
		}
	}), &tls.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return tgt
}

// serveMasked echoes short messages as a client.
func serveMasked(r io.Reader, c net.Conn) {
	head := make([]byte, 2)
	for {
		if _, err := io.ReadFull(r, head); err != nil {
			return
		}
		payload := make([]byte, head[1]&0x7f)
		if _, err := io.ReadFull(r, payload); err != nil {
			return
		}
		if _, err := c.Write(maskedFrame(head[0], string(payload))); err != nil || head[0] == 0x88 {
			return
		}
	}
}

// gone drops TCP at the first frame.
func gone(c net.Conn) { _, _ = c.Read(make([]byte, 64)) }

// skipping is like fair, but ignores the first frame with an opcode.
func skipping(op wire.Opcode) func(net.Conn) {
	return func(c net.Conn) {
		first := true
		serveFrames(c, func(h wire.Header, _ []byte) bool {
			skip := first && h.Opcode == op
			first = first && !skip
			return skip
		})
	}
}

// limiting is like fair, but refuses frames of more than 1,000 bytes. If whole is false, it refuses
// only fragments.
func limiting(whole bool) func(net.Conn) {
	return func(c net.Conn) {
		serveFrames(c, func(h wire.Header, payload []byte) bool {
			over := len(payload) > 1000 && (whole || !h.Fin)
			if over {
				_, _ = c.Write([]byte{0x88, 2, 0x03, 0xf1})
				_ = c.SetReadDeadline(time.Now().Add(100 * time.Millisecond))
				_, _ = io.Copy(io.Discard, c)
			}
			return over
		})
	}
}

// answeringClose is like fair, but answers a close frame with a code.
func answeringClose(code int) func(net.Conn) {
	return func(c net.Conn) {
		serveFrames(c, func(h wire.Header, _ []byte) bool {
			if h.Opcode == wire.OpClose {
				_, _ = c.Write(append([]byte{0x88, 2}, closeBody(code, "")...))
				c.Close()
			}
			return h.Opcode == wire.OpClose
		})
	}
}

// answeringTwice is like fair, but answers frames with an opcode twice.
func answeringTwice(op, answer wire.Opcode) func(net.Conn) {
	return func(c net.Conn) {
		serveFrames(c, func(h wire.Header, payload []byte) bool {
			if h.Opcode == op {
				_, _ = c.Write(append([]byte{0x80 | byte(answer), byte(len(payload))}, payload...))
			}
			return false
		})
	}
}

// withoutMark is like fair, but drops a byte order mark.
func withoutMark(c net.Conn) {
	serveFrames(c, func(h wire.Header, payload []byte) bool {
		text := bytes.TrimPrefix(payload, []byte("\ufeff"))
		if h.Opcode == wire.OpText {
			_, _ = c.Write(append([]byte{0x81, byte(len(text))}, text...))
		}
		return h.Opcode == wire.OpText
	})
}

// holdingOn keeps TCP open for three seconds after its end.
func holdingOn(c net.Conn) { swallow(c); time.Sleep(3 * time.Second) }

// askFor sends a request and reads the response.
func askFor(url string) (c net.Conn, rest []byte) {
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	c, err := net.Dial("tcp", host)
	if err != nil {
		return nil, nil
	}
	fmt.Fprintf(c, "GET /%s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: "+
		"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\nSec-WebSocket-Extensions: "+
		"permessage-deflate\r\n\r\n", path, newKey())
	_, rest, _ = readHead(c, func([]byte) {})
	return c, rest
}

// maskedFrame returns a frame of a client.
func maskedFrame(first byte, payload string) []byte {
	b := []byte(payload)
	wire.Mask(b, [4]byte{1, 2, 3, 4}, 0)
	return append([]byte{first, 0x80 | byte(len(b)), 1, 2, 3, 4}, b...)
}

// askAgain sends another HTTP request instead of frames.
func askAgain(c net.Conn, _ io.Reader) {
	fmt.Fprint(c, "GET / HTTP/1.1\r\nHost: h\r\n\r\n")
	swallow(c)
}

// takeAll accepts every response and echoes messages.
func takeAll(c net.Conn, r io.Reader) { serveMasked(r, c) }
