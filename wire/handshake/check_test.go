package handshake_test

import (
	"errors"
	"slices"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// Check accepts what RFC 6455, section 4.2.1, allows, and sets the fields.
func TestCheck(t *testing.T) {
	const k = "dGhlIHNhbXBsZSBub25jZQ=="
	for _, test := range []struct{ head, key, origin string }{
		{opening, k, ""},
		{opening + "Origin: https://example.com\r\n", k, "https://example.com"},
		{opening + "Origin: null\r\n", k, "null"},
		{requestLine + host + "UPGRADE: h2c, WebSocket\r\nupgrade: x\r\nConnection: keep-alive\r\n" +
			"connection:uPGRADE ,\r\nsec-websocket-key:" + k + "\t\r\nSEC-WEBSOCKET-VERSION:  13 \r\n", k, ""},
		{opening + "Cookie: a=b\r\nExpect: 100-Continue \r\nTrailer: x\r\nTE: trailers\r\n", k, ""},
		{"GET https://example.com/ HTTP/1.1\r\n" + host + upgrade + connection + key + version, k, ""},
	} {
		r := consume(t, test.head+"\r\n")
		if err := r.Check(anyOrigin); err != nil {
			t.Errorf("%q: %v", test.head, err)
		}
		if string(r.Key) != test.key || string(r.Origin) != test.origin || (r.Origin != nil) != (test.origin != "") {
			t.Errorf("%q: key %q, origin %q", test.head, r.Key, r.Origin)
		}
	}
}

// Check asks the server about an Origin, and refuses it if allowOrigin is nil.
func TestCheckOrigin(t *testing.T) {
	const good = "https://example.com"
	allow := func(origin []byte) bool { return string(origin) == good }
	never := func(origin []byte) bool {
		t.Errorf("asked about %q", origin)
		return true
	}
	for _, test := range []struct {
		more   string
		allow  func([]byte) bool
		status int
	}{
		{"", nil, 0},
		{"", never, 0},
		{"Origin:  " + good + " \r\n", allow, 0},
		{"Origin: " + good + "\r\n", nil, 403},
		{"Origin: https://example.org\r\n", allow, 403},
		{"Origin: null\r\n", allow, 403},
		{"Origin:\r\n", never, 400},
		{"Origin: " + good + "\r\nOrigin: " + good + "\r\n", never, 400},
		{key + "Origin: " + good + "\r\n", never, 400},
	} {
		r := consume(t, opening+test.more+"\r\n")
		err := r.Check(test.allow)
		var e *handshake.Error
		if (err == nil) != (test.status == 0) || errors.As(err, &e) && e.Status != test.status {
			t.Errorf("%q: %v, want status %d", test.more, err, test.status)
		}
		if e != nil && e.Status == 403 && e.Section != "RFC 6455, section 10.2" {
			t.Errorf("%q: %v", test.more, e)
		}
		if _, err := r.AppendResponse(nil, "", nil); (err == nil) != (test.status == 0) {
			t.Errorf("%q: a response after a refusal: %v", test.more, err)
		}
	}
}

// The lists of several fields are one list.
func TestCheckLists(t *testing.T) {
	r := consume(t, opening+"Sec-WebSocket-Protocol: a, b c,\r\nSec-WebSocket-Extensions: x; y=1\r\n"+
		"sec-websocket-protocol: D/1\r\nSec-WebSocket-Extensions:\r\nsec-websocket-extensions: z\r\n\r\n")
	if err := r.Check(anyOrigin); err != nil {
		t.Fatal(err)
	}
	if want := []string{"a", "D/1"}; !slices.Equal(r.Protocols, want) {
		t.Errorf("subprotocols %q, want %q", r.Protocols, want)
	}
	names := make([]string, 0, 2)
	for _, x := range r.Extensions {
		names = append(names, x.Name)
	}
	if !slices.Equal(names, []string{"x", "z"}) || !slices.Equal(r.Extensions[0].Params, []wire.Param{{Name: "y", Value: "1"}}) {
		t.Errorf("extensions %v, want x; y=1 and z", r.Extensions)
	}
}
