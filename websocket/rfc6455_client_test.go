package websocket_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// This file has one test for each MUST of RFC 6455 about the client's opening handshake. Each test
// begins with the sentence and its section. The MUST about Origin applies to browsers only.

// requestOf returns the bytes of the request that Dial sends to url.
func requestOf(t *testing.T, url string, opts DialOptions) string {
	t.Helper()
	var head string
	synctest.Test(t, func(t *testing.T) {
		o := pipeOptions(t, func(rc *scriptConn) { head = rc.head; hello(rc) })
		opts.Proxy, opts.NetDial = o.Proxy, o.NetDial
		mustHello(t, url, &opts)
	})
	return head
}

// wantRefused checks that Dial accepts a valid response, and refuses the same response with new in
// place of old. If old is empty, new is added as a line. The request offers the subprotocol "a" and
// the extension "x-one".
func wantRefused(t *testing.T, old, new, section string) {
	t.Helper()
	if old == "" {
		old, new = "\r\n\r\n", "\r\n"+new+"\r\n\r\n"
	}
	opts := DialOptions{
		Subprotocols: []string{"a"},
		Extensions:   []wire.Extension{&offeredExtension{name: "x-one"}},
	}
	for _, refused := range []bool{false, true} {
		_, _, err := verdict(t, opts, func(rc *scriptConn) string {
			text := rc.accept()
			if refused {
				if !strings.Contains(text, old) {
					t.Errorf("the response %q does not contain %q", text, old)
				}
				text = strings.Replace(text, old, new, 1)
			}
			return text
		})
		var he *HandshakeError
		switch {
		case !refused && err != nil:
			t.Errorf("a valid response: got %v, want nil", err)
		case refused && (!errors.As(err, &he) || he.Section != "RFC 6455, section "+section):
			t.Errorf("%q in place of %q: got %v, want an error of section %s", new, old, err, section)
		}
	}
}

// "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST
// NOT be used on these URIs."
// https://www.rfc-editor.org/rfc/rfc6455#section-3
func TestRFC6455ClientFragment(t *testing.T) {
	checkLeaks(t)
	mustFail(t, "ws://127.0.0.1:1/chat#room", nil, "fragment")
}

// "The components of the WebSocket URI passed into this algorithm (/host/,
// /port/, /resource name/, and /secure/ flag) MUST be valid according to the
// specification of WebSocket URIs specified in Section 3. If any of the
// components are invalid, the client MUST _Fail the WebSocket Connection_ and
// abort these steps."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientURI(t *testing.T) {
	checkLeaks(t)
	opts := &DialOptions{NetDial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("Dial connected, want an error before that")
		return nil, io.EOF
	}}
	for _, url := range []string{"ws:///chat", "ws://h:x/", "ws://h/%zz", "wx://h/"} {
		mustFail(t, url, opts, "URL")
	}
}

// "If multiple connections to the same IP address are attempted simultaneously,
// the client MUST serialize them so that there is no more than one connection at
// a time running through the following steps."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
// Dial does not follow this rule, as its documentation says. The rule protects servers from the
// scripts of web pages, and with it one stalled handshake would block all others of a program.
func TestRFC6455ClientSerialize(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		both := make(chan struct{})
		opts := pipeOptions(t, func(rc *scriptConn) {
			if rc.field("X-Turn") == "2" {
				close(both)
			}
			<-both // until both requests have arrived
			hello(rc)
		})
		for _, turn := range []string{"1", "2"} {
			o := *opts
			o.Header = http.Header{"X-Turn": {turn}}
			done := make(chan struct{})
			t.Cleanup(func() { <-done })
			go func() {
				defer close(done)
				c, _, err := Dial(t.Context(), "ws://host/", &o)
				if err != nil {
					t.Error(err)
					return
				}
				c.CloseNow()
			}()
			synctest.Wait()
		}
	})
}

// "If the connection could not be opened, either because a direct connection
// failed or because any proxy used returned an error, then the client MUST _Fail
// the WebSocket Connection_ and abort the connection attempt."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientConnect(t *testing.T) {
	checkLeaks(t)
	ln := listen(t)
	ln.Close()
	mustFail(t, "ws://"+ln.Addr().String(), &DialOptions{Proxy: direct}, "connecting")
	p := serveScript(t, nil, nil, refuseWith("HTTP/1.1 502 No\r\nContent-Length: 0\r\n\r\n"))
	mustFail(t, "ws://example.com", &DialOptions{
		Proxy: through(&url.URL{Scheme: "http", Host: p.addr}),
	}, "proxy answered 502")
	if n := len(p.requests()); n != 1 {
		t.Errorf("the proxy received %d requests, want 1", n)
	}
}

// "If /secure/ is true, the client MUST perform a TLS handshake over the
// connection after opening the connection and before sending the handshake data
// [RFC2818]. If this fails (e.g., the server's certificate could not be
// verified), then the client MUST _Fail the WebSocket Connection_ and abort the
// connection. Otherwise, all further communication on this channel MUST run
// through the encrypted tunnel [RFC5246]."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientTLS(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	s := serveScript(t, nil, serverTLS, hello)
	mustHello(t, "wss://"+s.addr, &DialOptions{Proxy: direct, TLSConfig: clientTLS})
	if n := len(s.requests()); n != 1 {
		t.Errorf("got %d requests over TLS, want 1", n)
	}
	mustFail(t, "wss://"+s.addr, &DialOptions{Proxy: direct}, "TLS handshake")
	if n := len(s.requests()); n != 1 {
		t.Errorf("got %d requests, want none to a server that was not verified", n-1)
	}
}

// "Clients MUST use the Server Name Indication extension in the TLS handshake
// [RFC6066]."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientSNI(t *testing.T) {
	checkLeaks(t)
	serverTLS, clientTLS := dialTLS(t)
	name := make(chan string, 1)
	s := serveScript(t, nil, serverTLS, func(rc *scriptConn) {
		name <- rc.Conn.(*tls.Conn).ConnectionState().ServerName
		hello(rc)
	})
	mustHello(t, "wss://example.com", &DialOptions{Proxy: direct, TLSConfig: clientTLS,
		NetDial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "tcp", s.addr)
		},
	})
	if got := <-name; got != "example.com" {
		t.Errorf("got server name %q, want example.com", got)
	}
}

// "Once a connection to the server has been established (including a connection
// via a proxy or over a TLS-encrypted tunnel), the client MUST send an opening
// handshake to the server. [...] The handshake MUST be a valid HTTP request as
// specified by [RFC2616]."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientHTTP(t *testing.T) {
	checkLeaks(t)
	head := requestOf(t, "ws://host/chat", DialOptions{})
	r := bufio.NewReader(strings.NewReader(head))
	if _, err := http.ReadRequest(r); err != nil || r.Buffered() != 0 {
		t.Errorf("got error %v and %d bytes after the request, want neither:\n%s", err, r.Buffered(), head)
	}
}

// "The method of the request MUST be GET, and the HTTP version MUST be at least
// 1.1."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientMethod(t *testing.T) {
	checkLeaks(t)
	head := requestOf(t, "ws://host/chat", DialOptions{})
	if !strings.HasPrefix(head, "GET /chat HTTP/1.1\r\n") {
		t.Errorf("got another request line than GET /chat HTTP/1.1:\n%s", head)
	}
}

// "The "Request-URI" part of the request MUST match the /resource name/ defined
// in Section 3 (a relative URI) or be an absolute http/https URI that, when
// parsed, has a /resource name/, /host/, and /port/ that match the corresponding
// ws/wss URI."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientRequestURI(t *testing.T) {
	checkLeaks(t)
	for url, want := range map[string]string{
		"ws://host": "/", "ws://host?q": "/?q", "ws://host/a%20b%2Fc?d=%26&e": "/a%20b%2Fc?d=%26&e",
		"ws://host//a/../b": "//a/../b", "ws://host/é": "/%C3%A9",
	} {
		if head := requestOf(t, url, DialOptions{}); !strings.HasPrefix(head, "GET "+want+" HTTP/1.1\r\n") {
			t.Errorf("%s: got another target than %s:\n%s", url, want, head)
		}
	}
}

// "The request MUST contain a |Host| header field whose value contains /host/
// plus optionally ":" followed by /port/ (when not using the default port)."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientHost(t *testing.T) {
	checkLeaks(t)
	for url, want := range map[string]string{
		"ws://host/": "host", "ws://host:80/": "host", "ws://host:443/": "host:443",
		"ws://[::1]:8/": "[::1]:8",
	} {
		if got := fieldOf(requestOf(t, url, DialOptions{}), "Host"); got != want {
			t.Errorf("%s: got Host %q, want %q", url, got, want)
		}
	}
}

// "The request MUST contain an |Upgrade| header field whose value MUST include
// the "websocket" keyword. The request MUST contain a |Connection| header field
// whose value MUST include the "Upgrade" token."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientUpgrade(t *testing.T) {
	checkLeaks(t)
	head := requestOf(t, "ws://host/", DialOptions{})
	if fieldOf(head, "Upgrade") != "websocket" || fieldOf(head, "Connection") != "Upgrade" {
		t.Errorf("got a request that does not ask for an upgrade to websocket:\n%s", head)
	}
}

// "The request MUST include a header field with the name |Sec-WebSocket-Key|. The
// value of this header field MUST be a nonce consisting of a randomly selected
// 16-byte value that has been base64-encoded (see Section 4 of [RFC4648]). The
// nonce MUST be selected randomly for each connection."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientKey(t *testing.T) {
	checkLeaks(t)
	seen := map[string]bool{}
	var set, clear [16]byte
	const n = 200
	for range n {
		key := NewKey()
		nonce, err := base64.StdEncoding.DecodeString(key)
		if err != nil || len(nonce) != 16 || seen[key] {
			t.Fatalf("got key %q, %v, want 16 new bytes in base64", key, err)
		}
		seen[key] = true
		for i, b := range nonce {
			set[i] |= b
			clear[i] |= ^b
		}
	}
	for i := range set {
		if set[i] != 0xff || clear[i] != 0xff {
			t.Errorf("byte %d has a bit that is the same in all %d nonces", i, n)
		}
	}
	a := fieldOf(requestOf(t, "ws://host/", DialOptions{}), "Sec-WebSocket-Key")
	b := fieldOf(requestOf(t, "ws://host/", DialOptions{}), "Sec-WebSocket-Key")
	if !wire.IsKey(a) || !wire.IsKey(b) || a == b {
		t.Errorf("got keys %q and %q, want two different keys", a, b)
	}
}

// "The request MUST include a header field with the name |Sec-WebSocket-Version|.
// The value of this header field MUST be 13."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientVersion(t *testing.T) {
	checkLeaks(t)
	if head := requestOf(t, "ws://host/", DialOptions{}); fieldOf(head, "Sec-WebSocket-Version") != "13" {
		t.Errorf("got another version than 13:\n%s", head)
	}
}

// "The elements that comprise this value MUST be non-empty strings with
// characters in the range U+0021 to U+007E not including separator characters as
// defined in [RFC2616] and MUST all be unique strings."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
//
// Dial sends separator characters other than the comma. See TestDialSubprotocolNames.
func TestRFC6455ClientSubprotocols(t *testing.T) {
	checkLeaks(t)
	head := requestOf(t, "ws://host/", DialOptions{Subprotocols: []string{"chat.v2", "chat"}})
	if got := fieldOf(head, "Sec-WebSocket-Protocol"); got != "chat.v2, chat" {
		t.Errorf("got subprotocols %q, want %q", got, "chat.v2, chat")
	}
	for _, bad := range [][]string{{""}, {"a", "a"}, {"a b"}, {"a,b"}, {"a\tb"}, {"é"}, {"a\x7f"}} {
		mustFail(t, "ws://127.0.0.1:1/", &DialOptions{Subprotocols: bad}, "DialOptions.Subprotocols")
	}
}

// "Once the client's opening handshake has been sent, the client MUST wait for a
// response from the server before sending any further data."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientWaits(t *testing.T) {
	checkLeaks(t)
	synctest.Test(t, func(t *testing.T) {
		mustHello(t, "ws://host/", pipeOptions(t, func(rc *scriptConn) {
			rc.SetReadDeadline(time.Now().Add(9 * time.Second))
			if n, err := rc.br.Read(make([]byte, 1)); n != 0 || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("read %d bytes, %v, want a timeout", n, err)
			}
			rc.SetReadDeadline(time.Time{})
			rc.say(rc.accept() + helloFrame)
			io.Copy(io.Discard, rc.Conn)
		}))
	})
}

// "If the response lacks an |Upgrade| header field or the |Upgrade| header field
// contains a value that is not an ASCII case-insensitive match for the value
// "websocket", the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksUpgrade(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "Upgrade: websocket\r\n", "", "4.1")
	wantRefused(t, "Upgrade: websocket", "Upgrade: http/2", "4.1")
}

// "If the response lacks a |Connection| header field or the |Connection| header
// field doesn't contain a token that is an ASCII case-insensitive match for the
// value "Upgrade", the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksConnection(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "Connection: Upgrade\r\n", "", "4.1")
	wantRefused(t, "Connection: Upgrade", "Connection: keep-alive", "4.1")
}

// "If the response lacks a |Sec-WebSocket-Accept| header field or the
// |Sec-WebSocket-Accept| contains a value other than the base64-encoded SHA-1 of
// the concatenation of the |Sec-WebSocket-Key| (as a string, not base64-decoded)
// with the string "258EAFA5-E914-47DA-95CA-C5AB0DC85B11" but ignoring any leading
// and trailing whitespace, the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksAccept(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "Sec-WebSocket-Accept: ", "X: ", "4.1")
	wantRefused(t, "Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x", "4.1")
	wantRefused(t, "Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept:\r\nX: ", "4.1")
}

// "If the response includes a |Sec-WebSocket-Extensions| header field and this
// header field indicates the use of an extension that was not present in the
// client's handshake (the server has indicated an extension not requested by the
// client), the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksExtensions(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "", "Sec-WebSocket-Extensions: x-other", "4.1")
}

// "If the response includes a |Sec-WebSocket-Protocol| header field and this
// header field indicates the use of a subprotocol that was not present in the
// client's handshake (the server has indicated a subprotocol not requested by the
// client), the client MUST _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksSubprotocol(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "", "Sec-WebSocket-Protocol: b", "4.1")
}

// "If the server's response does not conform to the requirements for the server's
// handshake as defined in this section and in Section 4.2.2, the client MUST
// _Fail the WebSocket Connection_."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientChecksConformance(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "101 Switching Protocols", "200 OK", "4.1")
	wantRefused(t, "", "Upgrade: websocket", "4.1")
	wantRefused(t, "", "Sec-WebSocket-Extensions: x-one; =", "9.1")
}

// "Please note that according to [RFC2616], all header field names in both HTTP
// requests and HTTP responses are case-insensitive."
// https://www.rfc-editor.org/rfc/rfc6455#section-4.1
func TestRFC6455ClientFieldNames(t *testing.T) {
	checkLeaks(t)
	_, _, err := verdict(t, DialOptions{}, func(rc *scriptConn) string {
		text := rc.accept()
		for _, name := range []string{"Upgrade", "Connection", "Sec-WebSocket-Accept"} {
			text = strings.Replace(text, name+":", strings.ToUpper(name)+":", 1)
		}
		return text
	})
	if err != nil {
		t.Errorf("field names in upper case: got %v, want nil", err)
	}
}

// "However, the |Sec-WebSocket-Extensions| header field MUST NOT appear more than
// once in an HTTP response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.2
func TestRFC6455ClientExtensionsOnce(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "", "Sec-WebSocket-Extensions: x-one\r\nSec-WebSocket-Extensions: x-one", "11.3.2")
}

// "The |Sec-WebSocket-Accept| header MUST NOT appear more than once in an HTTP
// response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.3
func TestRFC6455ClientAcceptOnce(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "", "Sec-WebSocket-Accept: x", "11.3.3")
}

// "However, the |Sec-WebSocket-Protocol| header field MUST NOT appear more than
// once in an HTTP response."
// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.4
func TestRFC6455ClientSubprotocolOnce(t *testing.T) {
	checkLeaks(t)
	wantRefused(t, "", "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: a", "11.3.4")
}
