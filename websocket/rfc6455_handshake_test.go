package websocket_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// This file has one test for each MUST of RFC 6455 about the server's opening handshake, and for
// each MUST of RFC 9110 about its refusals. Each test begins with the sentence and its section.

const switching = "HTTP/1.1 101 Switching Protocols"

// mustRefuse checks that Accept refuses the changed request with status. It returns the response.
func mustRefuse(t *testing.T, opts *AcceptOptions, status string, changes ...string) rawResponse {
	t.Helper()
	_, r, a := acceptWith(t, opts, handshake(changes...))
	if a.err == nil || r.status != "HTTP/1.1 "+status {
		t.Errorf("%q: answered %s and returned %v, want %s and an error", changes, r.status, a.err, status)
	}
	return r
}

// mustAccept checks that Accept accepts the changed request. It returns the response.
func mustAccept(t *testing.T, opts *AcceptOptions, changes ...string) rawResponse {
	t.Helper()
	_, r, a := acceptWith(t, opts, handshake(changes...))
	if a.err != nil || r.status != switching {
		t.Errorf("%q: answered %s and returned %v, want 101 and nil", changes, r.status, a.err)
	}
	return r
}

// "If the server, while reading the handshake, finds that the client did not send
// a handshake that matches the description below (note that as per [RFC2616], the
// order of the header fields is not important), including but not limited to any
// violations of the ABNF grammar specified for the components of the handshake,
// the server MUST stop processing the client's handshake and return an HTTP
// response with an appropriate error code (such as 400 Bad Request)."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
func TestRFC6455ServerReadsHandshake(t *testing.T) {
	checkLeaks(t)
	for field, status := range map[string]string{
		"Upgrade":               "426 Upgrade Required",
		"Connection":            "400 Bad Request",
		"Sec-WebSocket-Key":     "400 Bad Request",
		"Sec-WebSocket-Version": "400 Bad Request",
	} {
		mustRefuse(t, nil, status, "-"+field+":")
	}
	mustRefuse(t, nil, "405 Method Not Allowed", "PUT /chat HTTP/1.1")
	mustRefuse(t, nil, "400 Bad Request", "+Sec-WebSocket-Extensions: a=b")

	lines := strings.Split(strings.TrimSuffix(handshake(), "\r\n\r\n"), "\r\n")
	slices.Reverse(lines[1:])
	_, r, _ := acceptWith(t, nil, strings.Join(lines, "\r\n")+"\r\n\r\n")
	if r.status != switching {
		t.Errorf("fields in reverse order: answered %s, want 101", r.status)
	}
}

// "A |Host| header field containing the server's authority."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
//
// net/http enforces this rule.
func TestRFC6455ServerHost(t *testing.T) {
	checkLeaks(t)
	addr, _ := serveRaw(t, Handler{Serve: func(context.Context, *Conn) error {
		t.Error("Serve was called for a request without Host")
		return nil
	}}, nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake("-Host:")))
	if r := client.response(); !strings.HasPrefix(r.status, "HTTP/1.1 400 ") {
		t.Errorf("answered %s, want 400", r.status)
	}
}

// "A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 of
// [RFC4648]) value that, when decoded, is 16 bytes in length."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
func TestRFC6455ServerKeySize(t *testing.T) {
	checkLeaks(t)
	mustAccept(t, nil, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==")
	mustRefuse(t, nil, "400 Bad Request", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAA")     // 15
	mustRefuse(t, nil, "400 Bad Request", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA=") // 17
	mustRefuse(t, nil, "400 Bad Request", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAA!==")
}

// "otherwise, all further communication for the connection (including the
// server's handshake) MUST run through the encrypted tunnel [RFC5246]."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
func TestRFC6455ServerTunnel(t *testing.T) {
	checkLeaks(t)
	s := httptest.NewTLSServer(Handler{Serve: func(ctx context.Context, c *Conn) error {
		return c.Write(ctx, Text, []byte("in the tunnel"))
	}})
	defer s.Close()
	nc, err := net.Dial("tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	tap := &tappedConn{Conn: nc}
	config := s.Client().Transport.(*http.Transport).TLSClientConfig.Clone()
	config.ServerName = "example.com" // the name in httptest's certificate
	inside := tls.Client(tap, config)
	defer inside.Close()
	client := peerOver(t, inside, wire.Client)
	client.Write([]byte(handshake()))
	if r := client.response(); r.status != switching {
		t.Fatalf("answered %s, want 101", r.status)
	}
	client.Expect(wire.OpText, true, "in the tunnel")
	for _, plain := range []string{"101", sampleAccept, "in the tunnel"} {
		if bytes.Contains(tap.seen, []byte(plain)) {
			t.Errorf("%q was sent in plain text, want it encrypted", plain)
		}
	}
}

// A tappedConn keeps the bytes that it reads.
type tappedConn struct {
	net.Conn
	seen []byte
}

func (c *tappedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.seen = append(c.seen, p[:n]...)
	return n, err
}

// "If the server does not wish to accept this connection, it MUST return an
// appropriate HTTP error code (e.g., 403 Forbidden) and abort the WebSocket
// handshake described in this section."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
func TestRFC6455ServerOrigin(t *testing.T) {
	checkLeaks(t)
	mustRefuse(t, nil, "403 Forbidden", "+Origin: https://evil.example")
	mustAccept(t, nil, "+Origin: https://server.example")
}

// "If this version does not match a version understood by the server, the server
// MUST abort the WebSocket handshake described in this section and instead send an
// appropriate HTTP error code (such as 426 Upgrade Required) and a
// |Sec-WebSocket-Version| header field indicating the version(s) the server is
// capable of understanding."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
// "If the server doesn't support the requested version, it MUST respond with a
// |Sec-WebSocket-Version| header field (or multiple |Sec-WebSocket-Version| header
// fields) containing all versions it is willing to use."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.4
func TestRFC6455ServerVersion(t *testing.T) {
	checkLeaks(t)
	for _, v := range []string{"0", "8", "12", "14", "25", "130", "1.3", ""} {
		r := mustRefuse(t, nil, "426 Upgrade Required", "Sec-WebSocket-Version: "+v)
		if got := r.get("Sec-WebSocket-Version"); !slices.Equal(got, []string{"13"}) {
			t.Errorf("%q: answered with version %q, want 13", v, got)
		}
	}
}

// "If the requested service is not available, the server MUST send an appropriate
// HTTP error code (such as 404 Not Found) and abort the WebSocket handshake."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
// The ServeMux enforces this rule.
func TestRFC6455ServerResource(t *testing.T) {
	checkLeaks(t)
	mux := http.NewServeMux()
	mux.Handle("/other", Handler{Serve: func(context.Context, *Conn) error {
		t.Error("Serve was called for another path")
		return nil
	}})
	addr, _ := serveRaw(t, mux, nil)
	client := dialRaw(t, addr)
	client.Write([]byte(handshake()))
	if r := client.response(); r.status != "HTTP/1.1 404 Not Found" {
		t.Errorf("answered %s, want 404", r.status)
	}
}

// "The value chosen MUST be derived from the client's handshake, specifically by
// selecting one of the values from the |Sec-WebSocket-Protocol| field that the
// server is willing to use for this connection (if any)."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
// "However, the |Sec-WebSocket-Protocol| header field MUST NOT appear more than
// once in an HTTP response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
func TestRFC6455ServerSubprotocol(t *testing.T) {
	checkLeaks(t)
	opts := &AcceptOptions{Subprotocols: []string{"c", "b", "a"}}
	r := mustAccept(t, opts, "+Sec-WebSocket-Protocol: a, b", "+Sec-WebSocket-Protocol: d")
	if got := r.get("Sec-WebSocket-Protocol"); !slices.Equal(got, []string{"b"}) {
		t.Errorf("answered with subprotocol %q, want b", got)
	}
}

// "The absence of such a field is equivalent to the null value (meaning that if
// the server does not wish to agree to one of the suggested subprotocols, it MUST
// NOT send back a |Sec-WebSocket-Protocol| header field in its response)."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
func TestRFC6455ServerNoSubprotocol(t *testing.T) {
	checkLeaks(t)
	opts := &AcceptOptions{Subprotocols: []string{"a"}}
	for _, changes := range [][]string{nil, {"+Sec-WebSocket-Protocol: b, A"}} {
		r := mustAccept(t, opts, changes...)
		if got := r.get("Sec-WebSocket-Protocol"); got != nil {
			t.Errorf("%q: answered with subprotocol %q, want none", changes, got)
		}
	}
}

// "If the server supports multiple extensions, then the value MUST be derived from
// the client's handshake, specifically by selecting one or more of the values from
// the |Sec-WebSocket-Extensions| field."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
// "However, the |Sec-WebSocket-Extensions| header field MUST NOT appear more than
// once in an HTTP response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.2
func TestRFC6455ServerExtension(t *testing.T) {
	checkLeaks(t)
	b, a := &fakeExtension{name: "x-b"}, &fakeExtension{name: "x-a"}
	opts := &AcceptOptions{Extensions: []wire.Extension{b, a}}
	r := mustAccept(t, opts, "+Sec-WebSocket-Extensions: x-a; p=1, x-c", "+Sec-WebSocket-Extensions: x-a")
	if got := r.get("Sec-WebSocket-Extensions"); !slices.Equal(got, []string{"x-a; p=1"}) {
		t.Errorf("answered with extension %q, want %q", got, "x-a; p=1")
	}
}

// "Extensions not listed by the client MUST NOT be listed."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
func TestRFC6455ServerUnofferedExtension(t *testing.T) {
	checkLeaks(t)
	ext := &fakeExtension{name: "x-a", answer: &wire.ExtensionSpec{Name: "x-b"}}
	opts := &AcceptOptions{Extensions: []wire.Extension{ext}}
	for _, changes := range [][]string{nil, {"+Sec-WebSocket-Extensions: x-c"}} {
		r := mustAccept(t, opts, changes...)
		if got := r.get("Sec-WebSocket-Extensions"); got != nil {
			t.Errorf("%q: answered with extension %q, want none", changes, got)
		}
	}
	// An extension that answers with another name is an error of the server.
	r := mustRefuse(t, opts, "500 Internal Server Error", "+Sec-WebSocket-Extensions: x-a")
	if got := r.get("Sec-WebSocket-Extensions"); got != nil {
		t.Errorf("answered with extension %q, want none", got)
	}
}

// "If a value is received by either the client or the server during negotiation
// that does not conform to the ABNF below, the recipient of such malformed data
// MUST immediately _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
//
// Fields without an element are an exception. See TestAcceptPeers.
func TestRFC6455ServerExtensionGrammar(t *testing.T) {
	checkLeaks(t)
	for _, v := range []string{";", "a;", "a; =1", "a; b=", `a; b="`, `a; b=""`, `a; b="c d"`, "a b", "a/b"} {
		mustRefuse(t, nil, "400 Bad Request", "+Sec-WebSocket-Extensions: "+v)
	}
}

// "If the server chooses to accept the incoming connection, it MUST reply with a
// valid HTTP response indicating the following."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
//
// "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP
// response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.3
func TestRFC6455ServerResponse(t *testing.T) {
	checkLeaks(t)
	r := mustAccept(t, nil)
	want := []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + sampleAccept}
	if !slices.Equal(r.fields, want) {
		t.Errorf("answered %q, want %q", r.fields, want)
	}
}

// "The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP
// request."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.1
func TestRFC6455ServerKeyOnce(t *testing.T) {
	checkLeaks(t)
	mustRefuse(t, nil, "400 Bad Request", "+Sec-WebSocket-Key: "+sampleKey)
}

// "The |Sec-WebSocket-Version| header field MUST NOT appear more than once in an
// HTTP request."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.5
func TestRFC6455ServerVersionOnce(t *testing.T) {
	checkLeaks(t)
	mustRefuse(t, nil, "400 Bad Request", "+Sec-WebSocket-Version: 13")
}

// "The server MUST send an Upgrade header field in a 426 response to indicate the
// required protocol(s) (Section 7.8)."
// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.22
func TestRFC9110UpgradeRequired(t *testing.T) {
	checkLeaks(t)
	for _, change := range []string{"-Upgrade:", "Upgrade: h2c", "Sec-WebSocket-Version: 8"} {
		r := mustRefuse(t, nil, "426 Upgrade Required", change)
		if !slices.Equal(r.get("Upgrade"), []string{"websocket"}) ||
			!slices.Equal(r.get("Connection"), []string{"Upgrade"}) {
			t.Errorf("%s: answered with fields %q, want an upgrade to websocket", change, r.fields)
		}
	}
}

// "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0
// request."
// https://www.rfc-editor.org/rfc/rfc9110#section-7.8
func TestRFC9110UpgradeInHTTP10(t *testing.T) {
	checkLeaks(t)
	_, r, a := acceptWith(t, nil, handshake("GET /chat HTTP/1.0"))
	if a.err == nil || !strings.HasSuffix(r.status, " 426 Upgrade Required") {
		t.Errorf("answered %s and returned %v, want 426 and an error", r.status, a.err)
	}
}

// "The origin server MUST generate an Allow header field in a 405 response
// containing a list of the target resource's currently supported methods."
// https://www.rfc-editor.org/rfc/rfc9110#section-15.5.6
func TestRFC9110Allow(t *testing.T) {
	checkLeaks(t)
	r := mustRefuse(t, nil, "405 Method Not Allowed", "DELETE /chat HTTP/1.1")
	if got := r.get("Allow"); !slices.Equal(got, []string{"GET"}) {
		t.Errorf("answered with Allow %q, want GET", got)
	}
}
