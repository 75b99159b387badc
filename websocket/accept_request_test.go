package websocket_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// upgradeFields and versionField are fields of refusals.
var (
	upgradeFields = []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13"}
	versionField  = []string{"Sec-WebSocket-Version: 13"}
)

// refusals are malformed requests and the responses to them.
var refusals = []struct {
	name    string
	request string
	status  int
	fields  []string // that the response must have
	body    string   // a part of the body
}{
	{"POST", handshake("POST /chat HTTP/1.1"), 405, []string{"Allow: GET"},
		`the method is "POST", not GET (RFC 6455, section 4.2.1)`},
	{"OPTIONS", handshake("OPTIONS /chat HTTP/1.1"), 405, []string{"Allow: GET"}, "not GET"},
	{"long method", handshake(strings.Repeat("X", 9999) + " /chat HTTP/1.1"), 405, nil,
		`"` + strings.Repeat("X", 32) + `", not GET`},
	{"HTTP/1.0", handshake("GET /chat HTTP/1.0"), 426, []string{"Sec-WebSocket-Version: 13"},
		"HTTP/1.1 is needed"},
	{"browser", handshake("-Upgrade:", "-Connection:", "-Sec-WebSocket-Key:"), 426, upgradeFields,
		"the request has no Upgrade field"},
	{"Upgrade: h2c", handshake("Upgrade: h2c"), 426, upgradeFields, "does not name websocket"},
	{"Upgrade: websocket2", handshake("Upgrade: websocket2"), 426, upgradeFields, "does not name websocket"},
	{"no Connection", handshake("-Connection:"), 400, nil, "Connection field does not name Upgrade"},
	{"Connection: close", handshake("Connection: close"), 400, nil,
		"Connection field does not name Upgrade"},
	{"Connection: xUpgrade", handshake("Connection: xUpgrade, Upgrades"), 400, nil,
		"Connection field does not name Upgrade"},
	{"Content-Length", handshake("Content-Length: 5") + "hello", 400, nil, "body"},
	{"no version", handshake("-Sec-WebSocket-Version:"), 400, versionField,
		"Sec-WebSocket-Version must be 13, but is missing"},
	{"two versions", handshake("+Sec-WebSocket-Version: 13"), 400, versionField,
		"is repeated (RFC 6455, section 11.3.5)"},
	{"version 8", handshake("Sec-WebSocket-Version: 8"), 426, upgradeFields, `must be 13, not "8"`},
	{"version 013", handshake("Sec-WebSocket-Version: 013"), 426, upgradeFields, `must be 13, not "013"`},
	{"version 13, 8", handshake("Sec-WebSocket-Version: 13, 8"), 426, upgradeFields,
		`must be 13, not "13, 8"`},
	{"no key", handshake("-Sec-WebSocket-Key:"), 400, nil, "Sec-WebSocket-Key is missing"},
	{"empty key", handshake("Sec-WebSocket-Key:"), 400, nil, "not 16 bytes in base64"},
	{"two keys", handshake("+Sec-WebSocket-Key: " + sampleKey), 400, nil,
		"is repeated (RFC 6455, section 11.3.1)"},
	{"key of 15 bytes", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25j"), 400, nil,
		"not 16 bytes in base64 (RFC 6455, section 4.2.1)"},
	{"key of 17 bytes", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWU="), 400, nil,
		"not 16 bytes"},
	{"key of 18 bytes", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZWVl"), 400, nil,
		"not 16 bytes"},
	{"key without padding", handshake("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ"), 400, nil,
		"not 16 bytes"},
	{"key in base64url", handshake("Sec-WebSocket-Key: __hlIHNhbXBsZSBub25jZQ=="), 400, nil,
		"not 16 bytes"},
	{"key with a space", handshake("Sec-WebSocket-Key: dGhlIHNhbXB sZSBub25jZQ=="), 400, nil,
		"not 16 bytes"},
	{"two origins", handshake("+Origin: http://server.example", "+Origin: http://server.example"),
		400, nil, "Origin is repeated"},
	{"long origin", handshake("+Origin: https://" + strings.Repeat("e", 600)), 403, nil,
		"the origin has 608 bytes, more than 512"},
	{"extension, no name", handshake("+Sec-WebSocket-Extensions: ; a"), 400, nil,
		"Sec-WebSocket-Extensions: header field does not follow its grammar"},
	{"extension, open quote", handshake(`+Sec-WebSocket-Extensions: a; b="c`), 400, nil, "section 9.1"},
	{"large field", handshake("+Sec-WebSocket-Protocol: " + strings.Repeat("p", 8<<10)), 431, nil,
		"more than Limits.MaxHandshakeFields, 8192 (RFC 6585, section 5)"},
	{"many fields", handshake(slices.Repeat([]string{"+Sec-WebSocket-Extensions: a"}, 300)...), 431, nil,
		"more than Limits.MaxHandshakeFields, 8192"},
	{"unknown field", handshake("+Sec-WebSocket-Draft: " + strings.Repeat("p", 8<<10)), 431, nil,
		"more than Limits.MaxHandshakeFields, 8192"},
}

// A malformed request is refused with the right status and fields, and with a body that
// says what was wrong and names the section.
func TestRefusals(t *testing.T) {
	checkLeaks(t)
	for _, test := range refusals {
		t.Run(test.name, func(t *testing.T) {
			_, r, a := acceptWith(t, nil, test.request)
			want := fmt.Sprintf("HTTP/1.1 %d %s", test.status, http.StatusText(test.status))
			if r.status != want && r.status != strings.Replace(want, "HTTP/1.1", "HTTP/1.0", 1) {
				t.Errorf("answered %s, want %s", r.status, want)
			}
			fields := append(test.fields,
				"Content-Type: text/plain; charset=utf-8", "X-Content-Type-Options: nosniff")
			for _, f := range fields {
				if !slices.Contains(r.fields, f) {
					t.Errorf("got fields %q, want %q among them", r.fields, f)
				}
			}
			if !strings.Contains(r.body, test.body) || strings.Count(r.body, "\n") != 1 {
				t.Errorf("answered %q, want one line with %q", r.body, test.body)
			}
			var e *HandshakeError
			if !errors.As(a.err, &e) || e.Status != test.status {
				t.Fatalf("returned %v, want a HandshakeError with status %d", a.err, test.status)
			}
			if line := strings.TrimSuffix(r.body, "\n"); !strings.HasSuffix(e.Error(), line) {
				t.Errorf("returned %q, which does not end with the answer, %q", e, line)
			}
		})
	}
}

// A HEAD request is refused, with no body that could give the reason.
func TestRefuseHEAD(t *testing.T) {
	checkLeaks(t)
	rec := httptest.NewRecorder()
	r := newHandshake(t)
	r.Method = http.MethodHead
	if _, err := Accept(rec, r, nil); err == nil || rec.Code != 405 {
		t.Errorf("answered %d, returned %v; want 405 and an error", rec.Code, err)
	}
}

// Unusual requests that conform to the RFCs are accepted.
func TestGoodRequests(t *testing.T) {
	checkLeaks(t)
	for name, request := range map[string]string{
		"Firefox":             handshake("Connection: keep-alive, Upgrade"),
		"several Connections": handshake("Connection: keep-alive", "+Connection: Upgrade"),
		"lower case":          handshake("Connection: upgrade", "Upgrade: WEBSOCKET"),
		"names in lower case": strings.Replace(handshake(), "Sec-WebSocket-Key", "sec-websocket-key", 1),
		"several Upgrades":    handshake("Upgrade: h2c, websocket"),
		"empty list elements": handshake("Connection: , Upgrade,", "+Sec-WebSocket-Protocol: ,a,,b"),
		"absolute target":     handshake("GET http://server.example/chat HTTP/1.1"),
		"Content-Length 0":    handshake("Content-Length: 0"),
		// The key as printed in RFC 6455, with bits left over.
		"key of section 4.1":   handshake("Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC=="),
		"own origin":           handshake("+Origin: https://server.example"),
		"quoted parameter":     handshake(`+Sec-WebSocket-Extensions: a; b="c"`),
		"exactly 8 KiB":        handshake("+Sec-WebSocket-Protocol: " + strings.Repeat("p", 8<<10-98)),
		"large, another field": handshake("+Cookie: " + strings.Repeat("c", 100<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			_, r, a := acceptWith(t, nil, request)
			if a.err != nil || r.status != switching {
				t.Errorf("answered %s %q, returned %v; want %s", r.status, r.body, a.err, switching)
			}
		})
	}
}

// The first extension that accepts an offer takes effect. Those before it have declined,
// and those after it are not asked.
func TestChooseExtension(t *testing.T) {
	a, b := &fakeExtension{name: "a"}, &fakeExtension{name: "b", answer: &wire.ExtensionSpec{Name: "b"}}
	h := http.Header{"Sec-Websocket-Extensions": {"c, a; x=1", "b; y"}}
	for _, test := range []struct {
		exts []wire.Extension
		want string
	}{
		{[]wire.Extension{a, b}, "a; x=1"},
		{[]wire.Extension{b, a}, "b"},
		{[]wire.Extension{&fakeExtension{name: "d"}, b}, "b"},
		{[]wire.Extension{&fakeExtension{name: "d"}}, ""},
		{nil, ""},
	} {
		field, agreed, session, e := ChooseExtension(h, test.exts)
		spec, _ := wire.AppendExtensions(nil, []wire.ExtensionSpec{agreed})
		if e != nil || string(field) != test.want || string(spec) != test.want ||
			(session != nil) != (test.want != "") {
			t.Errorf("got %q, %v, %v, %v; want %q", field, agreed, session, e, test.want)
		}
		CloseSession(session)
	}
	if a.open != 0 || b.open != 0 {
		t.Errorf("%d and %d sessions are still open, want none", a.open, b.open)
	}
}
