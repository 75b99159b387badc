package handshake_test

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire/handshake"
)

// Consume returns the parts of a head, and the bytes after it are not read.
func TestConsume(t *testing.T) {
	for _, test := range []struct{ head, method, target, host string }{
		{opening + "\r\n", "GET", "/chat?room=1", "example.com"},
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "GET", "/", "x"},
		{"PATCH //a%2fb?%zz#x HTTP/1.1\r\nA:\r\nhOsT:\t[::1]:80 \r\nB:\xff\t\"\r\n\r\n",
			"PATCH", "//a%2fb?%zz#x", "[::1]:80"},
		{"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: %2Frun%2Fx.sock\r\n\r\n", "GET", "/caf\xc3\xa9", "%2Frun%2Fx.sock"},
		{"GET / HTTP/1.1\r\nHost: a_b.c-d~!$&'()*+,;=:\r\n\r\n", "GET", "/", "a_b.c-d~!$&'()*+,;=:"},
		// RFC 9112, section 3.2.2: "When an origin server receives a request with an
		// absolute-form of request-target, the origin server MUST ignore the received
		// Host header field (if any) and instead replace it with the host information of
		// the request-target."
		{"GET http://a.example:80/b?c HTTP/1.1\r\nHost: other\r\n\r\n", "GET", "/b?c", "a.example:80"},
		{"GET / HTTP/1.1\r\nHost: [::]\r\n\r\n", "GET", "/", "[::]"},
		{"GET HTTPS://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET", "/", "a"},
	} {
		eachChop(len(test.head), func(cuts ...int) {
			var r handshake.Request
			data := test.head + "\x81\x80\r\n\r\n"
			if n, err := consumeChopped(&r, data, cuts...); err != nil || n != len(test.head) {
				t.Errorf("%q: %d, %v, want %d", test.head, n, err, len(test.head))
			}
			if string(r.Method) != test.method || string(r.Target) != test.target || string(r.Host) != test.host {
				t.Errorf("%q: %q, %q, %q", test.head, r.Method, r.Target, r.Host)
			}
		})
	}
}

// The result does not depend on how a head is cut.
func TestConsumeChopped(t *testing.T) {
	heads := []string{opening + "Origin: https://example.com\r\nSec-WebSocket-Protocol: a, b\r\n\r\n"}
	for _, test := range refusals {
		heads = append(heads, test.head)
	}
	for _, head := range heads {
		var whole handshake.Request
		n, err := whole.Consume([]byte(head))
		want := describe(&whole, n, err)
		eachChop(len(head), func(cuts ...int) {
			var r handshake.Request
			n, err := consumeChopped(&r, head, cuts...)
			if got := describe(&r, n, err); got != want {
				t.Errorf("%q, cut at %v:\n%s\nwant\n%s", head, cuts, got, want)
			}
		})
	}
}

// A head that lacks its last byte is not refused, and an error is final.
func TestConsumeIncomplete(t *testing.T) {
	head := []byte(opening + "\r\n")
	for i := range head {
		var r handshake.Request
		if n, err := r.Consume(head[:i]); n != 0 || err != io.ErrUnexpectedEOF {
			t.Errorf("%q: %d, %v, want io.ErrUnexpectedEOF", head[:i], n, err)
		}
	}
	var r handshake.Request
	_, first := r.Consume([]byte("GET\r\n"))
	if n, err := r.Consume(head); n != 0 || err == nil || err != first {
		t.Errorf("after an error: %d, %v, want the error again", n, err)
	}
	r = handshake.Request{}
	for range 2 {
		if n, err := r.Consume(head); n != len(head) || err != nil || string(r.Host) != "example.com" {
			t.Errorf("%d, %v, %q, want the same result twice", n, err, r.Host)
		}
	}
}

// After a whole head, Consume reads the next one, and nothing of the first remains.
func TestConsumeNext(t *testing.T) {
	first := []byte(opening + "Origin: null\r\nSec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: a\r\n\r\n")
	next := "GET /next?" + strings.Repeat("x", len(first)) + " HTTP/1.1\r\nHost: next\r\n\r\n"
	r := handshake.Request{MaxSize: len(next)}
	if _, err := r.Consume(first); err != nil {
		t.Fatal(err)
	}
	if err := r.Check(anyOrigin); err != nil {
		t.Fatal(err)
	}
	if n, err := consumeChopped(&r, next, 0, 10, len(next)-1); n != len(next) || err != nil {
		t.Fatalf("%d, %v, want %d", n, err, len(next))
	}
	if r.Key != nil || r.Origin != nil || r.Protocols != nil || r.Extensions != nil || r.MaxSize != len(next) {
		t.Errorf("%+v has fields of the first request", r)
	}
	if got, want := describe(&r, 0, nil), describe(consume(t, next), 0, nil); got != want {
		t.Errorf("%s\nwant\n%s", got, want)
	}
	if b, err := r.AppendResponse(nil, "", nil); err == nil {
		t.Errorf("%q: accepted by the Check of another request", b)
	}
	_, err := r.Consume([]byte(next + "x")[:len(next)-1])
	if err != io.ErrUnexpectedEOF || r.Method != nil || r.Host != nil {
		t.Errorf("%v, %q, %q, want an incomplete head", err, r.Method, r.Host)
	}
}

// A head may have MaxSize bytes, and no more, whatever follows it.
func TestMaxSize(t *testing.T) {
	if handshake.DefaultMaxSize != 8192 {
		t.Errorf("DefaultMaxSize is %d, want 8 KiB", handshake.DefaultMaxSize)
	}
	fill := func(size int) string {
		const before, after = requestLine + host + "X: ", "\r\n\r\n"
		return before + strings.Repeat("x", size-len(before)-len(after)) + after
	}
	for _, test := range []struct {
		max, size int
		ok        bool
	}{
		{0, handshake.DefaultMaxSize, true},
		{0, handshake.DefaultMaxSize + 1, false},
		{100, 100, true},
		{100, 101, false},
		{-1, 1 << 20, true},
	} {
		for _, trailing := range []string{"", strings.Repeat("y", 10)} {
			data := fill(test.size) + trailing
			for _, cut := range []int{0, test.size - 4, test.size - 1, test.size} {
				r := handshake.Request{MaxSize: test.max}
				n, err := consumeChopped(&r, data, cut)
				var e *handshake.Error
				refused := errors.As(err, &e) && e.Status == 431 && e.Section == "RFC 6585, section 5"
				if n == test.size != test.ok || refused == test.ok {
					t.Errorf("%d bytes, MaxSize %d: %d, %v", test.size, test.max, n, err)
				}
			}
		}
	}
	// RFC 9112, section 3: "A server that receives a request-target longer than any URI it
	// wishes to parse MUST respond with a 414 (URI Too Long) status code".
	r := handshake.Request{MaxSize: 100}
	_, err := r.Consume([]byte("GET /" + strings.Repeat("x", 100)))
	var e *handshake.Error
	if !errors.As(err, &e) || e.Status != 414 {
		t.Errorf("long target: %v, want status 414", err)
	}
}

// Consume reads each byte a fixed number of times, however slowly the head arrives: it does
// not read complete lines again, and searches the last line for its end from where it
// stopped. Both would notice that the bytes have become ends of lines.
func TestConsumeIsLinear(t *testing.T) {
	head := []byte(opening + "Cookie: " + strings.Repeat("c", 1000) + "\r\n\r\n")
	var r handshake.Request
	b := bytes.Clone(head)
	for i := range head {
		start := bytes.LastIndexByte(head[:i], '\n') + 1
		for j := range i - 1 {
			b[j] = '\n'
		}
		if head[i] == '\n' { // the line is complete, and is read a second time
			copy(b[start:i], head[start:i])
		}
		if i == len(head)-1 {
			copy(b, head)
		}
		n, err := r.Consume(b[:i+1])
		if i < len(head)-1 && err != io.ErrUnexpectedEOF || i == len(head)-1 && n != len(head) {
			t.Fatalf("byte %d: %d, %v", i, n, err)
		}
	}
}

// Fields yields all fields in order, and appending to a value changes nothing else.
func TestFields(t *testing.T) {
	head := "GET / HTTP/1.1\r\nHost: x\r\na:\r\nCookie: \t b = c:d \t\r\na: 2\r\nb: \r\n\r\n"
	r := consume(t, head)
	var got string
	for name, value := range r.Fields() {
		got += string(name) + "=" + string(value) + "|"
		_, _ = append(name, "zzz"...), append(value, "zzz"...)
	}
	if want := "Host=x|a=|Cookie=b = c:d|a=2|b=|"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	for _, b := range [][]byte{r.Method, r.Target, r.Host} {
		_ = append(b, "zzz"...)
	}
	for name := range r.Fields() { // a loop can end early
		if string(name) != "Host" {
			t.Errorf("%q, want Host: a slice was not clipped", name)
		}
		break
	}
	if describe(r, len(head), nil) != describe(consume(t, head), len(head), nil) {
		t.Error("appending changed the head")
	}
	for range new(handshake.Request).Fields() {
		t.Error("an empty Request has a field")
	}
}
