package handshake_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire/handshake"
)

const (
	requestLine = "GET /chat?room=1 HTTP/1.1\r\n"
	host        = "Host: example.com\r\n"
	upgrade     = "Upgrade: websocket\r\n"
	connection  = "Connection: Upgrade\r\n"
	key         = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n" // RFC 6455, section 1.3
	version     = "Sec-WebSocket-Version: 13\r\n"

	// opening is a whole opening handshake without its last line.
	opening = requestLine + host + upgrade + connection + key + version
)

// anyOrigin lets every web page connect.
func anyOrigin([]byte) bool { return true }

// consume parses head in one piece.
func consume(t *testing.T, head string) *handshake.Request {
	t.Helper()
	var r handshake.Request
	if n, err := r.Consume([]byte(head)); err != nil || n != len(head) {
		t.Fatalf("%q: Consume returned %d, %v, want %d", head, n, err, len(head))
	}
	return &r
}

// consumeChopped parses data as it arrives in pieces that end at cuts. Each piece is in
// another buffer, and the last one is cleared. It returns an error for a Consume that returns
// neither a result nor io.ErrUnexpectedEOF. The slices of r are those of the last buffer.
func consumeChopped(r *handshake.Request, data string, cuts ...int) (n int, err error) {
	var last []byte
	for _, end := range append(cuts, len(data)) {
		b := append(make([]byte, 0, end), data[:end]...)
		n, err = r.Consume(b)
		clear(last)
		if err != io.ErrUnexpectedEOF {
			return n, err
		}
		last = b
	}
	return n, err
}

// describe returns the result of Consume, and of Check if Consume succeeds, as text.
func describe(r *handshake.Request, n int, err error) string {
	var s strings.Builder
	var e *handshake.Error
	if err == nil {
		s.WriteString("consumed: " + string(r.Method) + " " + string(r.Target) + " " + string(r.Host))
		for name, value := range r.Fields() {
			s.WriteString("\n" + string(name) + "=" + string(value))
		}
		err = r.Check(anyOrigin)
		s.WriteString("\n" + string(r.Key) + " " + string(r.Origin) + strings.Join(r.Protocols, ","))
	}
	if errors.As(err, &e) {
		s.WriteString("\n" + e.Error())
	} else if err != nil {
		s.WriteString("\n" + err.Error())
	}
	return s.String()
}

// eachChop calls f with cuts of size bytes: none, all, and each one alone.
func eachChop(size int, f func(cuts ...int)) {
	f()
	var all []int
	for i := range size {
		f(i)
		all = append(all, i)
	}
	f(all...)
}
