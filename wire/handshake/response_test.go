package handshake_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// checked returns an opening handshake with more fields, which Check has accepted.
func checked(t *testing.T, more string) *handshake.Request {
	t.Helper()
	r := consume(t, opening+more+"\r\n")
	if err := r.Check(anyOrigin); err != nil {
		t.Fatal(err)
	}
	return r
}

// AppendResponse writes what RFC 6455, section 4.2.2, step 5, requires.
func TestAppendResponse(t *testing.T) {
	const start = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" // section 1.3
	deflate := []wire.ExtensionSpec{{Name: "permessage-deflate", Params: []wire.Param{{Name: "x", Value: "1"}}}}
	for _, test := range []struct {
		more, protocol string
		extensions     []wire.ExtensionSpec
		want           string // "" for an error
	}{
		{"", "", nil, start},
		{"Sec-WebSocket-Protocol: a, b\r\n", "b", nil, start + "Sec-WebSocket-Protocol: b\r\n"},
		{"Sec-WebSocket-Protocol: a, b\r\n", "", nil, start},
		{"Sec-WebSocket-Protocol: a, b\r\n", "B", nil, ""},
		{"", "a\r\nSet-Cookie: b", nil, ""},
		{"Sec-WebSocket-Extensions: y, permessage-deflate\r\nSec-WebSocket-Protocol: a\r\n", "a", deflate,
			start + "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Extensions: permessage-deflate; x=1\r\n"},
		{"Sec-WebSocket-Extensions: y\r\n", "", deflate, ""},
		{"Sec-WebSocket-Extensions: y\r\n", "", []wire.ExtensionSpec{{Name: "y", Params: []wire.Param{{Name: ""}}}}, ""},
	} {
		r := checked(t, test.more)
		got, err := r.AppendResponse([]byte("before"), test.protocol, test.extensions)
		want := "before" + test.want
		if test.want != "" {
			want += "\r\n"
		}
		if string(got) != want || (err == nil) != (test.want != "") {
			t.Errorf("%q %q: %q, %v, want %q", test.more, test.protocol, got, err, want)
		}
	}
}

// AppendResponse may overwrite the head.
func TestAppendResponseInPlace(t *testing.T) {
	b := []byte(opening + "\r\n")
	var r handshake.Request
	_, err := r.Consume(b)
	if err = errors.Join(err, r.Check(anyOrigin)); err != nil {
		t.Fatal(err)
	}
	want, err := r.AppendResponse(nil, "", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := r.AppendResponse(b[:0], "", nil); string(got) != string(want) || err != nil {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

// Without Check there is no response.
func TestAppendResponseUnchecked(t *testing.T) {
	r := consume(t, opening+"\r\n")
	if got, err := r.AppendResponse(nil, "", nil); got != nil || err == nil {
		t.Errorf("%q, %v, want an error", got, err)
	}
}

// A refusal is a response that net/http reads: the status, its fields and the reason.
func TestAppendRefusal(t *testing.T) {
	for status := 400; status < 600; status++ {
		e := &handshake.Error{Status: status, Section: "RFC 1", Reason: "no\r\nluck", Err: errors.New("private")}
		b := handshake.AppendRefusal([]byte("before"), e)
		b, rest := b[len("before"):], "trailing"
		br := bufio.NewReader(strings.NewReader(string(b) + rest))
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			t.Fatalf("%q: %v", b, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil || string(body) != "no\r\nluck (RFC 1)\n" || !resp.Close {
			t.Errorf("%d: body %q, %v, Close %v", status, body, err, resp.Close)
		}
		for name, want := range map[string]string{
			"Allow":                  map[int]string{405: "GET"}[status],
			"Upgrade":                map[int]string{426: "websocket"}[status],
			"Sec-WebSocket-Version":  map[int]string{400: "13", 426: "13"}[status],
			"X-Content-Type-Options": "nosniff",
			"Content-Type":           "text/plain; charset=utf-8",
		} {
			if got := resp.Header.Get(name); got != want {
				t.Errorf("%d: %s: %q, want %q", status, name, got, want)
			}
		}
		// RFC 9110, section 7.8: "A sender of Upgrade MUST also send an "Upgrade"
		// connection option in the Connection header field". net/http removes it.
		if bytes.Contains(b, []byte("\r\nConnection: Upgrade, close\r\n")) != (status == 426) {
			t.Errorf("%d: %q", status, b)
		}
	}
}

// A status that does not refuse is a bug in the server: it must not open a WebSocket, or end the
// response where the client does not expect it.
func TestRefusalStatus(t *testing.T) {
	want := handshake.AppendRefusal(nil, &handshake.Error{Status: 500, Reason: "no"})
	for _, status := range []int{-1, 0, 101, 200, 204, 304, 399, 600, 1000} {
		if b := handshake.AppendRefusal(nil, &handshake.Error{Status: status, Reason: "no"}); string(b) != string(want) {
			t.Errorf("%d: %q, want status 500", status, b)
		}
	}
}

// Every status that this package itself uses has its reason phrase.
func TestRefusalStatusText(t *testing.T) {
	status := make(map[int]bool)
	for _, s := range []int{401, 403, 404, 408, 414, 429, 431, 500, 503} { // and the usual ones of servers
		status[s] = true
	}
	for _, test := range refusals {
		status[test.status] = true
	}
	for _, test := range faults {
		status[test.status] = true
	}
	for s := range status {
		line, _, _ := strings.Cut(string(handshake.AppendRefusal(nil, &handshake.Error{Status: s})), "\r\n")
		text := http.StatusText(s)
		if s == 414 {
			text = "URI Too Long" // RFC 9110, section 15.5.15
		}
		if want := "HTTP/1.1 " + strconv.Itoa(s) + " " + text; line != want {
			t.Errorf("%q, want %q", line, want)
		}
	}
}

// RFC 9110, section 9.3.2: "the server MUST NOT send content in the response" to HEAD.
func TestRefusalOfHead(t *testing.T) {
	r := consume(t, "HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
	var e *handshake.Error
	if !errors.As(r.Check(anyOrigin), &e) || e.Status != 405 {
		t.Fatalf("%v, want status 405", e)
	}
	b := string(handshake.AppendRefusal(nil, e))
	if !strings.HasSuffix(b, "\r\n\r\n") || strings.Count(b, "\r\n\r\n") != 1 {
		t.Errorf("%q has content", b)
	}
}

// The text of an error names the section and the cause, and errors.As finds the cause.
func TestErrorText(t *testing.T) {
	cause := errors.New("cause")
	for want, e := range map[string]*handshake.Error{
		"handshake: no":                {Reason: "no"},
		"handshake: no (RFC 1)":        {Reason: "no", Section: "RFC 1"},
		"handshake: no (RFC 1): cause": {Reason: "no", Section: "RFC 1", Err: cause},
	} {
		if e.Error() != want || errors.Is(e, cause) != (e.Err != nil) {
			t.Errorf("%q, want %q", e, want)
		}
	}
}
