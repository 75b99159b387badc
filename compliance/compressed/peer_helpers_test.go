package compressed

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// patience limits every wait of a test.
const patience = time.Minute

// testContext returns a context that ends with the test, or after patience.
func testContext(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

// The bits of the first byte of a frame, before its opcode (RFC 6455, section 5.2).
const (
	fin  byte = 0x80
	rsv1 byte = 0x40
	rsv2 byte = 0x20
	rsv3 byte = 0x10
)

const (
	continuation byte = 0x0
	text         byte = 0x1
	binaryData   byte = 0x2
	closing      byte = 0x8
	ping         byte = 0x9
	pong         byte = 0xA
)

// A setup describes the connection that a test needs.
type setup struct {
	role   wire.Role      // of the Conn
	ext    wire.Extension // nil: none
	params string         // the peer's Sec-WebSocket-Extensions field; "": no field
	limits websocket.Limits
}

var roles = []wire.Role{wire.Server, wire.Client}

// A peer is the other side of a Conn, over TCP. It writes and reads bytes, and does only what a test tells it
// to, right or wrong.
type peer struct {
	t      testing.TB
	nc     *net.TCPConn
	client bool // it masks what it sends
	in     *bufio.Reader
	agreed string // the server's Sec-WebSocket-Extensions field
}

// connect makes a Conn and its peer over loopback, with an opening handshake. Both are closed with the test.
func connect(t testing.TB, s setup) (*websocket.Conn, *peer) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	var exts []wire.Extension
	if s.ext != nil {
		exts = []wire.Extension{s.ext}
	}
	p := &peer{t: t, client: s.role == wire.Server}
	type result struct {
		c   *websocket.Conn
		err error
	}
	made := make(chan result, 1)
	if p.client {
		h := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			c, err := websocket.Accept(w, r, &websocket.AcceptOptions{Extensions: exts, Limits: s.limits})
			made <- result{c, err}
		})
		srv := &http.Server{ReadHeaderTimeout: patience, Handler: h}
		defer srv.Close() // this does not close hijacked connections
		go srv.Serve(ln)
		err = p.dial(ln.Addr().String(), s.params)
	} else {
		go func() {
			ctx, cancel := context.WithTimeout(context.Background(), patience)
			defer cancel()
			opts := &websocket.DialOptions{Extensions: exts, Limits: s.limits}
			c, _, err := websocket.Dial(ctx, "ws://"+ln.Addr().String(), opts)
			made <- result{c, err}
		}()
		err = p.accept(ln, s.params)
	}
	if err != nil {
		t.Fatal("peer: opening handshake: ", err)
	}
	r := <-made
	if r.err != nil {
		t.Fatal(r.err)
	}
	t.Cleanup(func() {
		r.c.CloseNow()
		p.nc.SetLinger(0) // leaves no port in TIME_WAIT
		p.nc.Close()
	})
	return r.c, p
}

// dial performs the opening handshake as a client.
func (p *peer) dial(addr, params string) error {
	nc, err := net.DialTimeout("tcp", addr, patience)
	if err != nil {
		return err
	}
	p.start(nc)
	if params != "" {
		params = "Sec-WebSocket-Extensions: " + params + "\r\n"
	}
	fmt.Fprintf(nc, "GET / HTTP/1.1\r\nHost: %s\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n", addr, params)
	res, err := http.ReadResponse(p.in, nil)
	if err != nil {
		return err
	}
	if res.StatusCode != http.StatusSwitchingProtocols {
		return fmt.Errorf("status %s", res.Status)
	}
	p.agreed = res.Header.Get("Sec-WebSocket-Extensions")
	return nil
}

// accept performs the opening handshake as a server.
func (p *peer) accept(ln net.Listener, params string) error {
	ln.(*net.TCPListener).SetDeadline(time.Now().Add(patience))
	nc, err := ln.Accept()
	if err != nil {
		return err
	}
	p.start(nc)
	req, err := http.ReadRequest(p.in)
	if err != nil {
		return err
	}
	p.agreed = params
	if params != "" {
		params = "Sec-WebSocket-Extensions: " + params + "\r\n"
	}
	_, err = fmt.Fprintf(nc, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\n"+
		"Sec-WebSocket-Accept: %s\r\n%s\r\n", wire.AcceptKey(req.Header.Get("Sec-WebSocket-Key")), params)
	return err
}

func (p *peer) start(nc net.Conn) {
	p.nc = nc.(*net.TCPConn)
	p.in = bufio.NewReader(nc)
	p.nc.SetDeadline(time.Now().Add(patience))
}

// appendFrame appends a frame whose first byte is first.
func (p *peer) appendFrame(dst []byte, first byte, payload []byte) []byte {
	var mask byte
	if p.client {
		mask = 0x80
	}
	dst = append(dst, first)
	switch n := len(payload); {
	case n < 126:
		dst = append(dst, mask|byte(n))
	case n < 1<<16:
		dst = binary.BigEndian.AppendUint16(append(dst, mask|126), uint16(n))
	default:
		dst = binary.BigEndian.AppendUint64(append(dst, mask|127), uint64(n))
	}
	if !p.client {
		return append(dst, payload...)
	}
	key := [4]byte{0x5a, 0xc3, 0x0f, 0x96}
	dst = append(dst, key[:]...)
	start := len(dst)
	dst = append(dst, payload...)
	for i := range payload {
		dst[start+i] ^= key[i%4]
	}
	return dst
}

// appendCut appends a message in fragments of size bytes. The first byte of its first frame is first, without
// FIN.
func (p *peer) appendCut(dst []byte, first byte, payload []byte, size int) []byte {
	for len(payload) > size {
		dst = p.appendFrame(dst, first, payload[:size])
		first, payload = continuation, payload[size:]
	}
	return p.appendFrame(dst, first|fin, payload)
}

// next reads a frame and unmasks it.
func (p *peer) next() (first byte, payload []byte, err error) {
	var head [2]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		return 0, nil, err
	}
	if masked := head[1]&0x80 != 0; masked == p.client {
		return 0, nil, fmt.Errorf("peer: frame %x with masked = %v", head, masked)
	}
	n := uint64(head[1] & 0x7f)
	if wide := map[uint64]int{126: 2, 127: 8}[n]; wide > 0 {
		var b [8]byte
		if _, err := io.ReadFull(p.in, b[8-wide:]); err != nil {
			return 0, nil, err
		}
		n = binary.BigEndian.Uint64(b[:])
	}
	if n > 64<<20 {
		return 0, nil, fmt.Errorf("peer: frame %x of %d bytes", head, n)
	}
	var key [4]byte
	if !p.client {
		if _, err := io.ReadFull(p.in, key[:]); err != nil {
			return 0, nil, err
		}
	}
	payload = make([]byte, n)
	if _, err := io.ReadFull(p.in, payload); err != nil {
		return 0, nil, err
	}
	for i := range payload {
		payload[i] ^= key[i%4]
	}
	return head[0], payload, nil
}

// expectEnd reads a close frame with the given code, then the end of the stream, and returns the reason. The
// stream must not end with a reset, because a reset can make a peer lose the close frame.
func (p *peer) expectEnd(code wire.StatusCode) (reason string, err error) {
	first, payload, err := p.next()
	if err != nil {
		return "", fmt.Errorf("peer: no close frame: %w", err)
	}
	if first != fin|closing || len(payload) < 2 {
		return "", fmt.Errorf("peer: got frame %x with %.100q, want a close frame", first, payload)
	}
	if got := wire.StatusCode(binary.BigEndian.Uint16(payload)); got != code {
		return "", fmt.Errorf("peer: close code %v with reason %q, want code %v", got, payload[2:], code)
	}
	rest, err := io.ReadAll(p.in)
	if err != nil || len(rest) > 0 {
		return "", fmt.Errorf("peer: %d bytes follow the close frame, then %v", len(rest), err)
	}
	return string(payload[2:]), p.nc.Close()
}

// closeHandshake starts and completes a closing handshake.
func (p *peer) closeHandshake() error {
	payload := binary.BigEndian.AppendUint16(nil, uint16(wire.StatusNormalClosure))
	if _, err := p.nc.Write(p.appendFrame(nil, fin|closing, payload)); err != nil {
		return err
	}
	if !p.client { // the server closes TCP first (RFC 6455, section 7.1.1)
		first, got, err := p.next()
		if err != nil || first != fin|closing || !bytes.Equal(got, payload) {
			return fmt.Errorf("peer: answer to a close frame: %x %x, %v", first, got, err)
		}
		return p.nc.Close()
	}
	_, err := p.expectEnd(wire.StatusNormalClosure)
	return err
}
