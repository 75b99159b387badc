package handshake_test

import (
	"errors"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// refusals are heads that Consume refuses, with the sentence that allows or requires it.
var refusals = []struct {
	rule    string
	head    string
	status  int
	section string
}{
	// https://www.rfc-editor.org/rfc/rfc9112#section-2.2
	{`"Although the line terminator for the start-line and fields is the sequence CRLF, a
	recipient MAY recognize a single LF as a line terminator"`,
		"GET / HTTP/1.1\nHost: x\r\n\r\n", 400, "RFC 9112, section 2.2"},
	{"the same, in a field", "GET / HTTP/1.1\r\nHost: x\n\r\n", 400, "RFC 9112, section 2.2"},
	{"the same, in the empty line", "GET / HTTP/1.1\r\nHost: x\r\n\n", 400, "RFC 9112, section 2.2"},
	{"the same, in the first line", "\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 2.2"},
	{`"A recipient of such a bare CR MUST consider that element to be invalid or replace each
	bare CR with SP"`,
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\rc\r\n\r\n", 400, "RFC 9110, section 5.5"},
	{"the same, before CRLF", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\r\n\r\n", 400, "RFC 9110, section 5.5"},
	{"the same, in the target", "GET /\r HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"the same, in the method", "GE\rT / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"the same, in a name", "GET / HTTP/1.1\r\nHo\rst: x\r\n\r\n", 400, "RFC 9110, section 5.1"},
	{`"A recipient that receives whitespace between the start-line and the first header field
	MUST either reject the message as invalid"`,
		"GET / HTTP/1.1\r\n Host: x\r\n\r\n", 400, "RFC 9112, section 5.2"},

	// https://www.rfc-editor.org/rfc/rfc9112#section-3
	{`"request-line   = method SP request-target SP HTTP-version"`,
		"GET /\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"an empty line first", "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"one word", "GET\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"two spaces", "GET  / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"a space in the target", "GET /a b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"a space at the end", "GET / HTTP/1.1 \r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"tabs", "GET\t/\tHTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"no method", " / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"a method that is not a token", "G@T / HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},

	// https://www.rfc-editor.org/rfc/rfc9112#section-2.3
	{`"HTTP-version  = HTTP-name "/" DIGIT "." DIGIT"`,
		"GET / HTTP/11\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"three digits", "GET / HTTP/1.10\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"a letter", "GET / HTTP/x.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"another letter", "GET / HTTP/1.x\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{"no dot", "GET / HTTP/1,1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	{`"HTTP-version is case-sensitive."`,
		"GET / http/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3"},
	// https://www.rfc-editor.org/rfc/rfc9110#section-7.8
	{`"A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request."`,
		"GET / HTTP/1.0\r\nHost: x\r\n\r\n", 426, "RFC 9110, section 7.8"},
	// https://www.rfc-editor.org/rfc/rfc9110#section-15.6.6
	{`"the server does not support, or refuses to support, the major version of HTTP that was
	used in the request message"`,
		"GET / HTTP/2.0\r\nHost: x\r\n\r\n", 505, "RFC 9110, section 15.6.6"},
	{"HTTP/2 without prior knowledge", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "RFC 9110, section 15.6.6"},
	{"a version that does not exist", "GET / HTTP/1.2\r\nHost: x\r\n\r\n", 505, "RFC 9110, section 15.6.6"},
	{"another one", "GET / HTTP/0.9\r\nHost: x\r\n\r\n", 505, "RFC 9110, section 15.6.6"},

	// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
	{`"a "Request-URI" [RFC2616] that should be interpreted as a /resource name/ defined in
	Section 3 (or an absolute HTTP/HTTPS URI containing the /resource name/)"`,
		"GET chat HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"asterisk-form", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"authority-form", "CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"no target", "GET  HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"another scheme", "GET ws://x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"no host", "GET http:///x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"no authority", "GET http:/x HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"userinfo", "GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"an escape in a host", "GET http://%41/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"an address in brackets", "GET http://[1]/ HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a query without a path", "GET http://x?y HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"an invalid escape", "GET /%4 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"another invalid escape", "GET /a%4x?b HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a control character", "GET /\x7f HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a control character in the query", "GET /?\x00 HTTP/1.1\r\nHost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},

	// https://www.rfc-editor.org/rfc/rfc9112#section-3.2
	{`"A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request
	message that lacks a Host header field"`,
		"GET / HTTP/1.1\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"also in absolute-form", "GET http://x/ HTTP/1.1\r\nA: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{`"and to any request message that contains more than one Host header field line"`,
		"GET / HTTP/1.1\r\nHost: x\r\nhost: x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{`"or a Host header field with an invalid field value"`,
		"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a port alone", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"two ports", "GET / HTTP/1.1\r\nHost: x:8:8\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a port of letters", "GET / HTTP/1.1\r\nHost: x:http\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"userinfo", "GET / HTTP/1.1\r\nHost: a@x\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a list", "GET / HTTP/1.1\r\nHost: x, y\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"beyond ASCII", "GET / HTTP/1.1\r\nHost: caf\xc3\xa9\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"an invalid escape", "GET / HTTP/1.1\r\nHost: x%4\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"an open bracket", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"empty brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a name in brackets", "GET / HTTP/1.1\r\nHost: [x.y]\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"a letter in brackets", "GET / HTTP/1.1\r\nHost: [x::]\r\n\r\n", 400, "RFC 9112, section 3.2"},
	{"text after brackets", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400, "RFC 9112, section 3.2"},

	// https://www.rfc-editor.org/rfc/rfc9112#section-5
	{`"field-line   = field-name ":" OWS field-value OWS"`,
		"GET / HTTP/1.1\r\nHost x\r\n\r\n", 400, "RFC 9112, section 5"},
	{"no name", "GET / HTTP/1.1\r\nHost: x\r\n: y\r\n\r\n", 400, "RFC 9110, section 5.1"},
	{"a name that is not a token", "GET / HTTP/1.1\r\nHost: x\r\nA(b): y\r\n\r\n", 400, "RFC 9110, section 5.1"},
	{"a name with a space", "GET / HTTP/1.1\r\nHost: x\r\nA b: y\r\n\r\n", 400, "RFC 9110, section 5.1"},
	{"a name beyond ASCII", "GET / HTTP/1.1\r\nHost: x\r\nA\xe9: y\r\n\r\n", 400, "RFC 9110, section 5.1"},
	// https://www.rfc-editor.org/rfc/rfc9112#section-5.1
	{`"A server MUST reject, with a response status code of 400 (Bad Request), any received
	request message that contains whitespace between a header field name and colon."`,
		"GET / HTTP/1.1\r\nHost : x\r\n\r\n", 400, "RFC 9112, section 5.1"},
	{"a tab", "GET / HTTP/1.1\r\nHost\t: x\r\n\r\n", 400, "RFC 9112, section 5.1"},
	// https://www.rfc-editor.org/rfc/rfc9112#section-5.2
	{`"A server that receives an obs-fold in a request message that is not within a
	"message/http" container MUST either reject the message by sending a 400 (Bad Request)"`,
		"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c: d\r\n\r\n", 400, "RFC 9112, section 5.2"},
	{"a tab", "GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n\t\r\n\r\n", 400, "RFC 9112, section 5.2"},

	// https://www.rfc-editor.org/rfc/rfc9110#section-5.5
	{`"a recipient of CR, LF, or NUL within a field value MUST either reject the message or
	replace each of those characters with SP"`,
		"GET / HTTP/1.1\r\nHost: x\r\nA: \x00\r\n\r\n", 400, "RFC 9110, section 5.5"},
	{`"Field values containing other CTL characters are also invalid"`,
		"GET / HTTP/1.1\r\nHost: x\r\nA: \x1f\r\n\r\n", 400, "RFC 9110, section 5.5"},
	{"DEL", "GET / HTTP/1.1\r\nHost: x\r\nA: \x7f\r\n\r\n", 400, "RFC 9110, section 5.5"},

	// https://www.rfc-editor.org/rfc/rfc9110#section-9.3.1
	{`"content received in a GET request has no generally defined semantics, cannot alter the
	meaning or target of the request, and might lead some implementations to reject the request
	and close the connection because of its potential as a request smuggling attack"`,
		"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\n", 400, "RFC 9110, section 9.3.1"},
	{"no content", "GET / HTTP/1.1\r\nHost: x\r\ncontent-length: 0\r\n\r\n", 400, "RFC 9110, section 9.3.1"},
	{"chunks", "GET / HTTP/1.1\r\nHost: x\r\ntransfer-encoding:\r\n\r\n", 400, "RFC 9110, section 9.3.1"},

	// https://www.rfc-editor.org/rfc/rfc9110#section-10.1.1
	{`"A server that receives an Expect field value containing a member other than 100-continue
	MAY respond with a 417 (Expectation Failed) status code"`,
		"GET / HTTP/1.1\r\nHost: x\r\nexpect: a\r\n\r\n", 417, "RFC 9110, section 10.1.1"},
	{"two members", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue, a\r\n\r\n",
		417, "RFC 9110, section 10.1.1"},
	{"a second field", "GET / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nExpect: a\r\n\r\n",
		417, "RFC 9110, section 10.1.1"},
}

// Each invalid head is refused with the status and the section of its first fault.
func TestConsumeRefuses(t *testing.T) {
	for _, test := range refusals {
		var r handshake.Request
		n, err := r.Consume([]byte(test.head))
		var e *handshake.Error
		if !errors.As(err, &e) || n != 0 || e.Status != test.status || e.Section != test.section || e.Reason == "" {
			t.Errorf("%s: %q: %d, %v, want status %d, %s", test.rule, test.head, n, err, test.status, test.section)
		}
		if r.Method != nil || r.Target != nil || r.Host != nil {
			t.Errorf("%q: the Request has fields of a refused head", test.head)
		}
	}
}

// faults are requests that Check refuses.
var faults = []struct {
	rule    string
	head    string
	status  int
	section string
}{
	// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
	{`"1.   An HTTP/1.1 or higher GET request"`,
		"POST / HTTP/1.1\r\n" + host + upgrade + connection + key + version, 405, "RFC 6455, section 4.2.1"},
	{"in lower case", "get / HTTP/1.1\r\n" + host + upgrade + connection + key + version,
		405, "RFC 6455, section 4.2.1"},
	{`"3.   An |Upgrade| header field containing the value "websocket", treated as an ASCII
	case-insensitive value."`,
		requestLine + host + connection + key + version, 426, "RFC 6455, section 4.2.1"},
	{"another protocol", requestLine + host + "Upgrade: h2c\r\n" + connection + key + version,
		426, "RFC 6455, section 4.2.1"},
	{"the Kelvin sign", requestLine + host + "Upgrade: websoc\u212aet\r\n" + connection + key + version,
		426, "RFC 6455, section 4.2.1"},
	{`"4.   A |Connection| header field that includes the token "Upgrade", treated as an ASCII
	case-insensitive value."`,
		requestLine + host + upgrade + key + version, 400, "RFC 6455, section 4.2.1"},
	{"another option", requestLine + host + upgrade + "Connection: close, Upgrade2\r\n" + key + version,
		400, "RFC 6455, section 4.2.1"},
	{`"5.   A |Sec-WebSocket-Key| header field with a base64-encoded (see Section 4 of [RFC4648])
	value that, when decoded, is 16 bytes in length."`,
		requestLine + host + upgrade + connection + version, 400, "RFC 6455, section 11.3.1"},
	{"15 bytes", requestLine + host + upgrade + connection + version +
		"Sec-WebSocket-Key: AAECAwQFBgcICQoLDA0O\r\n", 400, "RFC 6455, section 4.2.1"},
	// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.1
	{`"The |Sec-WebSocket-Key| header field MUST NOT appear more than once in an HTTP request."`,
		opening + key, 400, "RFC 6455, section 11.3.1"},
	// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.1
	{`"6.   A |Sec-WebSocket-Version| header field, with a value of 13."`,
		requestLine + host + upgrade + connection + key, 400, "RFC 6455, section 11.3.5"},
	// https://www.rfc-editor.org/rfc/rfc6455#section-11.3.5
	{`"The |Sec-WebSocket-Version| header field MUST NOT appear more than once in an HTTP
	request."`,
		opening + version, 400, "RFC 6455, section 11.3.5"},
	// https://www.rfc-editor.org/rfc/rfc6455#section-4.2.2
	{`"If this version does not match a version understood by the server, the server MUST abort
	the WebSocket handshake described in this section and instead send an appropriate HTTP error
	code (such as 426 Upgrade Required)"`,
		requestLine + host + upgrade + connection + key + "Sec-WebSocket-Version: 8\r\n",
		426, "RFC 6455, section 4.2.2"},
	// https://www.rfc-editor.org/rfc/rfc6454#section-7.3
	{`"The user agent MUST NOT include more than one Origin header field in any HTTP request."`,
		opening + "Origin: null\r\norigin: null\r\n", 400, "RFC 6454, section 7"},
	{"empty", opening + "Origin:\r\n", 400, "RFC 6454, section 7"},
	// https://www.rfc-editor.org/rfc/rfc6455#section-9.1
	{`"If a value is received by either the client or the server during negotiation that does not
	conform to the ABNF below, the recipient of such malformed data MUST immediately _Fail the
	WebSocket Connection_."`,
		opening + "Sec-WebSocket-Extensions: a b\r\n", 400, "RFC 6455, section 9.1"},
}

// Each request that is not an opening handshake is refused by Check, not by Consume.
func TestCheckRefuses(t *testing.T) {
	for _, test := range faults {
		r := consume(t, test.head+"\r\n")
		err := r.Check(anyOrigin)
		var e *handshake.Error
		if !errors.As(err, &e) || e.Status != test.status || e.Section != test.section || e.Reason == "" {
			t.Errorf("%s: %q: %v, want status %d, %s", test.rule, test.head, err, test.status, test.section)
		}
		if r.Key != nil || r.Origin != nil || r.Protocols != nil || r.Extensions != nil {
			t.Errorf("%q: the Request has fields of a refused handshake", test.head)
		}
		var cause *wire.Error
		if errors.As(err, &cause) != (test.section == "RFC 6455, section 9.1") {
			t.Errorf("%q: the cause is %v", test.head, e.Err)
		}
	}
	if err := new(handshake.Request).Check(anyOrigin); err == nil {
		t.Error("Check before Consume returned nil")
	}
}
