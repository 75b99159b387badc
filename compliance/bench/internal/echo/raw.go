package echo

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"
	"net"

	"github.com/hawser-ws/hawser/wire"
)

// serveRaw is the floor that the other servers are compared with. It moves whole frames over TCP and does
// nothing else: it checks nothing, assembles no messages, answers no pings, and writes once for each read that
// completes a frame. Its buffer grows to the size of the largest frame.
func serveRaw(ln net.Listener, _ Options) error {
	return serveConns(ln, func(nc net.Conn) {
		defer nc.Close()
		c := rawConn{nc: nc, buf: make([]byte, 16<<10)}
		if c.upgrade() == nil {
			c.echo()
		}
	})
}

type rawConn struct {
	nc  net.Conn
	buf []byte
}

var errRequest = errors.New("invalid request")

// upgrade answers the request. It assumes that the client waits for the answer.
func (c *rawConn) upgrade() error {
	n := 0
	for !bytes.HasSuffix(c.buf[:n], []byte("\r\n\r\n")) {
		m, err := c.nc.Read(c.buf[n:])
		if err != nil {
			return err
		}
		n += m
	}
	_, rest, found := bytes.Cut(c.buf[:n], []byte("Sec-WebSocket-Key: "))
	if !found || len(rest) < 24 {
		return errRequest
	}
	_, err := fmt.Fprintf(c.nc, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"+
		"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n", wire.AcceptKey(string(rest[:24])))
	return err
}

// echo returns after a close frame, or when a read or write fails.
func (c *rawConn) echo() {
	for n := 0; ; {
		if n == len(c.buf) {
			c.buf = append(c.buf, make([]byte, n)...)
		}
		m, err := c.nc.Read(c.buf[n:])
		if err != nil {
			return
		}
		out, rest, closed := turn(c.buf[:n+m])
		if len(out) > 0 {
			if _, err := c.nc.Write(out); err != nil {
				return
			}
		}
		if closed {
			return
		}
		n = len(rest)
		if len(out) > 0 {
			copy(c.buf, rest)
		}
	}
}

// turn turns the whole frames in b from those of a client into those of a server, in place, and returns them
// and the rest. closed reports whether the last one is a close frame.
func turn(b []byte) (out, rest []byte, closed bool) {
	start, w, r := 0, 0, 0
	for !closed {
		size, length := rawHeader(b[r:])
		if size == 0 || len(b)-r-size < length {
			break
		}
		closed = b[r]&0xf == 8
		key := binary.LittleEndian.Uint32(b[r+size-4:])
		if w == 0 { // the first payload stays where it is
			start, w = 4, 4
		}
		copy(b[w:], b[r:r+size-4])
		b[w+1] &^= 0x80
		w, r = w+size-4, r+size
		mask(b[r:r+length], key)
		if w != r {
			copy(b[w:], b[r:r+length])
		}
		w, r = w+length, r+length
	}
	return b[start:w], b[r:], closed
}

// rawHeader returns the sizes of a header and its payload. size is 0 if the header is not complete.
func rawHeader(b []byte) (size, length int) {
	if len(b) < 2 {
		return 0, 0
	}
	size, length = 6, int(b[1]&0x7f)
	switch {
	case length == 126 && len(b) >= 4:
		size, length = 8, int(binary.BigEndian.Uint16(b[2:]))
	case length == 127 && len(b) >= 10:
		size, length = 14, int(binary.BigEndian.Uint64(b[2:]))
	case length > 125:
		return 0, 0
	}
	if len(b) < size {
		return 0, 0
	}
	return size, length
}

// mask applies a key. It is not wire.Mask, so that the floor stays the same when wire.Mask changes.
func mask(p []byte, key uint32) {
	k := uint64(key)<<32 | uint64(key)
	for len(p) >= 32 {
		binary.LittleEndian.PutUint64(p, binary.LittleEndian.Uint64(p)^k)
		binary.LittleEndian.PutUint64(p[8:], binary.LittleEndian.Uint64(p[8:])^k)
		binary.LittleEndian.PutUint64(p[16:], binary.LittleEndian.Uint64(p[16:])^k)
		binary.LittleEndian.PutUint64(p[24:], binary.LittleEndian.Uint64(p[24:])^k)
		p = p[32:]
	}
	for i := range p {
		p[i] ^= byte(key)
		key = bits.RotateLeft32(key, -8)
	}
}
