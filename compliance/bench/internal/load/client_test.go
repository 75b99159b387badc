package load

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// A script answers the frame of a client. The connection ends after an answer to a close frame, or if there is
// no answer.
type script func(h wire.Header, payload []byte) []byte

// accept performs the opening handshake.
func accept(nc net.Conn) (*bufio.Reader, error) {
	in := bufio.NewReader(nc)
	req, err := http.ReadRequest(in)
	if err != nil {
		return nil, err
	}
	_, err = io.WriteString(nc, "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: "+
		wire.AcceptKey(req.Header.Get("Sec-WebSocket-Key"))+"\r\n\r\n")
	return in, err
}

// serveScript runs a server that performs opening handshakes, and returns its address.
func serveScript(t *testing.T, s script) string {
	return serve(t, func(nc net.Conn) {
		in, err := accept(nc)
		if err != nil {
			return
		}
		for {
			head, err := in.Peek(6)
			if err != nil {
				return
			}
			h, n, err := wire.ConsumeHeader(head)
			if err != nil {
				panic(err) // tests have short frames
			}
			_, _ = in.Discard(n)
			p := make([]byte, h.Length)
			if _, err := io.ReadFull(in, p); err != nil {
				return
			}
			wire.Mask(p, h.Key, 0)
			answer := s(h, p)
			_, _ = nc.Write(answer)
			if len(answer) == 0 || h.Opcode == wire.OpClose {
				return
			}
		}
	})
}

// serve runs a server until the test ends, and returns its address.
func serve(t *testing.T, f func(net.Conn)) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer nc.Close()
				f(nc)
			}()
		}
	}()
	return ln.Addr().String()
}

func honest(h wire.Header, p []byte) []byte {
	return reply(nil, wire.Header{Fin: h.Fin, Opcode: h.Opcode}, p)
}

func short() []Batch {
	all := make([]Batch, 2)
	all[0].Add(wire.OpText, []byte("one"))
	all[1].Add(wire.OpText, []byte("two"), []byte("three"))
	return all
}

// Run exchanges one batch on each connection if it has no time, and more if it has some.
func TestRun(t *testing.T) {
	l, err := Dial(serveScript(t, honest), 100, short())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		r, err := l.Run(0)
		if err != nil || r.Messages != 100 || r.Times.n != 100 {
			t.Fatalf("got %d messages and %d times, want 100 (error %v)", r.Messages, r.Times.n, err)
		}
	}
	if got, want := l.Received(), int64(150*len("one")+150*len("twothree")); got != want {
		t.Errorf("received %d bytes, want %d", got, want)
	}
	r, err := l.Run(50 * time.Millisecond)
	if err != nil || r.Messages < 100 {
		t.Errorf("got %d messages, want 100 or more (error %v)", r.Messages, err)
	}
}

// Large messages are written in pieces, whether their echoes come meanwhile or at the end.
func TestRunLarge(t *testing.T) {
	b := make([]Batch, 1)
	b[0].Add(wire.OpBinary, []byte(strings.Repeat("0123456789abcdef", 1<<19)))
	for _, piece := range []int{1 << 10, len(b[0].Want)} {
		l, err := Dial(serve(t, func(nc net.Conn) { relay(nc, piece) }), 3, b)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		for range 2 {
			if r, err := l.Run(0); err != nil || r.Messages != 3 {
				t.Fatalf("pieces of %d bytes: result %v, error %v", piece, r, err)
			}
		}
	}
}

// relay echoes messages in pieces, whose size must be divisible by 4. Its buffer in the system is small, so that
// the client cannot write a message at once.
func relay(nc net.Conn, piece int) {
	_ = nc.(*net.TCPConn).SetReadBuffer(16 << 10)
	in, err := accept(nc)
	for err == nil {
		var head []byte
		if head, err = in.Peek(wire.MaxHeaderSize); err != nil {
			return
		}
		h, n, _ := wire.ConsumeHeader(head) // the header is long
		_, _ = in.Discard(n)
		_, _ = nc.Write(wire.AppendHeader(nil, wire.Header{Fin: true, Opcode: h.Opcode, Length: h.Length}))
		for left := h.Length; left > 0 && err == nil; {
			p := make([]byte, min(int64(piece), left))
			left -= int64(len(p))
			if _, err = io.ReadFull(in, p); err == nil {
				wire.Mask(p, h.Key, 0)
				_, err = nc.Write(p)
			}
		}
	}
}

// A server that is wrong is not fast.
func TestRunFails(t *testing.T) {
	n := 0
	for name, test := range map[string]struct {
		script script
		want   string
	}{
		"corrupts": {func(h wire.Header, p []byte) []byte {
			p[len(p)-1] ^= 1
			return honest(h, p)
		}, ErrDiffers.Error()},
		"corrupts the third": {func(h wire.Header, p []byte) []byte {
			if n++; n == 3 {
				p = []byte("xxx")
			}
			return honest(h, p)
		}, ErrDiffers.Error()},
		"ends":       {func(wire.Header, []byte) []byte { return nil }, io.EOF.Error()},
		"says twice": {func(h wire.Header, p []byte) []byte { return append(honest(h, p), honest(h, p)...) }, "unexpected frame"},
		"closes": {func(wire.Header, []byte) []byte {
			return reply(nil, wire.Header{Fin: true, Opcode: wire.OpClose}, nil)
		}, "unexpected frame"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Dial(serveScript(t, test.script), 1, short()[:1])
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			for range 4 {
				if _, err = l.Run(0); err != nil {
					break
				}
			}
			if err == nil || !strings.Contains(err.Error(), test.want) && !errors.Is(err, ErrDiffers) {
				t.Errorf("error %v, want %q", err, test.want)
			}
		})
	}
}

func TestDialFails(t *testing.T) {
	for name, answer := range map[string]string{
		"refuses":   "HTTP/1.1 403 Forbidden\r\n\r\n",
		"answers":   "HTTP/1.1 200 OK\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
		"wrong key": "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
		"ends":      "HTTP/1.1 101",
	} {
		addr := serve(t, func(nc net.Conn) {
			if _, err := http.ReadRequest(bufio.NewReader(nc)); err == nil {
				_, _ = io.WriteString(nc, answer)
			}
		})
		_, err := Dial(addr, 1, short())
		if err == nil || !strings.Contains(err.Error(), "handshake") {
			t.Errorf("%s: error %v, want one about the handshake", name, err)
		}
	}
	if _, err := Dial("nowhere", 1, nil); err == nil {
		t.Error("an address without a port: no error")
	}
}

// A visit ends when the server has answered the close frame and ended the connection.
func TestVisit(t *testing.T) {
	answered := func(_ wire.Header, p []byte) []byte {
		return reply(nil, wire.Header{Fin: true, Opcode: wire.OpClose}, p)
	}
	for name, test := range map[string]struct {
		script script
		ok     bool
	}{
		"answers":       {answered, true},
		"does not":      {func(wire.Header, []byte) []byte { return nil }, false},
		"answers wrong": {honestText, false},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := Visit(serveScript(t, test.script), 5)
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			r, err := l.Run(0)
			if ok := err == nil && r.Messages == 5; ok != test.ok {
				t.Errorf("result %v, error %v, want success: %v", r, err, test.ok)
			}
		})
	}
}

// A server that answers but does not end the connection has not finished.
func TestVisitUnended(t *testing.T) {
	addr := serve(t, func(nc net.Conn) {
		in, err := accept(nc)
		if err == nil {
			_, err = in.Discard(len(goodbye))
		}
		if err == nil {
			_, _ = nc.Write(reply(nil, wire.Header{Fin: true, Opcode: wire.OpClose}, nil))
			_, _ = io.Copy(io.Discard, in)
		}
	})
	l, err := Visit(addr, 2)
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	l.patience = 100 * time.Millisecond
	if r, err := l.Run(0); err == nil {
		t.Errorf("result %v, want an error", r)
	}
}

func honestText(wire.Header, []byte) []byte { return reply(nil, text(true), []byte("bye")) }

// A connection that the server has reset fails like one that it has closed.
func TestRunReset(t *testing.T) {
	l, err := Dial(serve(t, func(nc net.Conn) {
		if _, err := accept(nc); err == nil {
			_ = nc.(*net.TCPConn).SetLinger(0)
		}
	}), 1, short())
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.peers[0].(*client).s.wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Run(0); err == nil || !strings.Contains(err.Error(), "the server ended a connection") {
		t.Errorf("error %v", err)
	}
}
