package handshake

import (
	"bufio"
	"bytes"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
)

// The key and the accept key of RFC 6455, section 1.3.
const exampleKey, exampleAccept = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// checkLines checks a valid request with more lines, and without the field drop.
func checkLines(t *testing.T, s *Server, more, drop string) ([]Fault, Acceptance) {
	t.Helper()
	var kept []string
	for _, line := range requestRequired {
		if drop == "" || !strings.HasPrefix(line, drop) {
			kept = append(kept, line)
		}
	}
	text := "GET / HTTP/1.1\r\n" + strings.Join(kept, "\r\n") + "\r\n" + more + "\r\n\x81\x00"
	r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(text)))
	if err != nil {
		t.Fatal(err)
	}
	return s.Check(r)
}

func TestServerCheck(t *testing.T) {
	s := &Server{
		Subprotocols: []string{"b", "a"}, Deflate: &Side{Bits: 12, Receive: 10},
		Origins: []string{"https://*.example", "localhost:*"},
	}
	for _, tt := range []struct {
		more, drop string
		status     int // 0: accepted
	}{
		{"", "", 0},
		{"", "Upgrade", 426},
		{"", "Connection", 400},
		{"", "Sec-WebSocket-Key", 400},
		{"", "Sec-WebSocket-Version", 400},
		{"Upgrade: h2c, WEBsocket\r\n", "Upgrade", 0},
		{"Upgrade: websocket/13\r\n", "Upgrade", 426},
		{"Connection: keep-alive , uPGRADE\r\n", "Connection", 0},
		{"Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Version", 426},
		{"Sec-WebSocket-Version: 13\r\n", "", 400},
		{"Sec-WebSocket-Key: AAAA\r\n", "Sec-WebSocket-Key", 400},
		{"Sec-WebSocket-Protocol: ,\r\n", "", 0},
		{"Sec-WebSocket-Extensions: x; =\r\n", "", 400},
		{"Content-Length: 1\r\n", "", 400},
		{"Origin: http://EXAMPLE.com:80\r\n", "", 0},
		{"Origin: http://example.com:81\r\n", "", 403},
		{"Origin: https://a.b.example\r\n", "", 0},
		{"Origin: http://a.b.example\r\n", "", 403},
		{"Origin: x://localhost:99\r\n", "", 0},
		{"Origin: null\r\n", "", 403},
		{"Origin: http://[::1]\r\nHost: [0::1]:80\r\n", "Host", 0},
		{"Origin: http://example.com/\r\n", "", 0},
		{"Origin: http://example.com//\r\n", "", 403},
		{"Origin: EXAMPLE.com\r\n", "", 0},
		{"Origin: example.com:80\r\n", "", 403},
		{"Origin: x://example.com\r\n", "", 403},
		{"Transfer-Encoding: chunked\r\n\r\n0\r\n", "", 0},
		{"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", "", 400},
		{"Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n", "", 400},
		{"Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n0\r\n", "", 400},
		{"Transfer-Encoding: chunked\r\n", "", 400},
		{"Sec-WebSocket-Protocol: a/b\r\n", "", 0},
		{"Origin: http://a\r\nOrigin: http://a\r\n", "", 400},
		{"Sec-WebSocket-X: " + strings.Repeat("x", 8<<10) + "\r\n", "", 431},
	} {
		faults, a := checkLines(t, s, tt.more, tt.drop)
		switch {
		case tt.status == 0 && (len(faults) > 0 || a.Key == ""):
			t.Errorf("%q, without %q: %v", tt.more, tt.drop, faults)
		case tt.status != 0 && (len(faults) != 1 || faults[0].Status != tt.status):
			t.Errorf("%q, without %q: %v, want %d", tt.more, tt.drop, faults, tt.status)
		}
	}
	_, a := checkLines(t, s,
		"Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: x,b\r\nSec-WebSocket-Extensions: "+
			"permessage-deflate; server_max_window_bits=9; client_max_window_bits\r\n", "")
	params := Params{ServerBits: 9, ClientBits: 10}
	want := Acceptance{Key: a.Key, Subprotocol: "b", Deflate: true, Params: params}
	if diff := cmp.Diff(want, a); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestClientCheck(t *testing.T) {
	c := &Client{
		Key: exampleKey, Subprotocols: []string{"a"}, MaxHeader: 1000,
		Offers: []model.Extension{{Name: Deflate}},
	}
	right := "HTTP/1.1 101 x\r\n" + strings.Join(responseRequired, "\r\n") + "\r\n"
	for text, want := range map[string]string{
		right + "\r\nframes":                                                     "",
		"HTTP/1.1 103 x\r\nA: b\r\n\r\n" + right + "\r\n":                        "",
		right + "Sec-WebSocket-Protocol: a\r\n\r\n":                              "",
		right + "Sec-WebSocket-Protocol: b\r\n\r\n":                              "subprotocol",
		right + "Sec-WebSocket-Protocol:\r\n\r\n":                                "",
		right + "Sec-WebSocket-Protocol: ,\t ,\r\n\r\n":                          "",
		right + "Sec-WebSocket-Protocol: a,\r\n\r\n":                             "subprotocol",
		right + "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Protocol:\r\n\r\n":     "subprotocol",
		right + "Sec-WebSocket-Extensions:\r\n\r\n":                              "",
		right + "Sec-WebSocket-Extensions: ,\t ,\r\n\r\n":                        "",
		right + "Sec-WebSocket-Extensions: ;\r\n\r\n":                            "extensions",
		right + "Sec-WebSocket-Extensions:\r\nSec-WebSocket-Extensions:\r\n\r\n": "extensions",

		right + "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n\r\n": "",
		right + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n\r\n": "extension",

		right + "Sec-WebSocket-Extensions: x\r\n\r\n": "extension",
		right + "Upgrade: x\r\n\r\n":                  "Upgrade",

		strings.Replace(right, "Connection", "X", 1) + "\r\n":       "Connection",
		strings.Replace(right, "{accept}", "x{accept}", 1) + "\r\n": "accept key",
		strings.Replace(right, "101", "200", 1) + "\r\n":            "status",
		strings.Replace(right, "1.1", "1.0", 1) + "\r\n":            "HTTP version",
		right + "X: " + strings.Repeat("x", 1000) + "\r\n\r\n":      "header too large",
		right: "unexpected EOF",
	} {
		text = strings.ReplaceAll(text, "{accept}", exampleAccept)
		v := c.Check([]byte(text))
		if v.Accept != (want == "") || v.Why != want {
			t.Errorf("%q: %+v, want %q", text, v, want)
		}
		if v.Accept && v.Header != strings.LastIndex(text, "\r\n\r\n")+4 {
			t.Errorf("%q: header of %d", text, v.Header)
		}
	}
}

func TestParams(t *testing.T) {
	for value, valid := range map[string]bool{
		"": true, ";server_max_window_bits=8": true, ";server_max_window_bits=08": false,
		";server_max_window_bits": false,
		";client_max_window_bits": true, ";client_max_window_bits=16": false, ";x": false,
		";client_no_context_takeover=1":                          false,
		";client_no_context_takeover;client_no_context_takeover": false,
	} {
		e, fault := model.Extensions([]string{Deflate + value})
		if fault != nil {
			t.Fatal(value)
		}
		if _, ok := ParseParams(e[0], false); ok != valid {
			t.Errorf("%q: %v", value, ok)
		}
	}
	if (Params{}).Answers(Params{ServerNoContext: true}) ||
		(Params{ServerBits: 10}).Answers(Params{ServerBits: 9}) ||
		(Params{ClientBits: 9}).Answers(Params{}) ||
		!(Params{ClientBits: 9, ServerBits: 8}).Answers(Params{ClientSizes: true, ServerBits: 9}) {
		t.Error("answers")
	}
}

// TestCompose checks that empty scripts are valid requests and responses, and that a
// script replaces a line and adds another.
func TestCompose(t *testing.T) {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(Request(nil))))
	if err != nil {
		t.Fatal(err)
	}
	if faults, _ := new(Server).Check(r); len(faults) > 0 {
		t.Error(faults)
	}
	c := Client{Key: exampleKey, MaxHeader: 1000}
	if v := c.Check(bytes.ReplaceAll(Response(nil), []byte("{accept}"), []byte(exampleAccept))); !v.Accept {
		t.Errorf("%+v", v)
	}
	script := []byte{0, 1, 0, byte(slices.Index(requestMore, "Cookie: a=b"))}
	if got := string(Request(script)); strings.Contains(got, "Host: example.com\r\n") ||
		!strings.Contains(got, "\r\nHost: example.com:80\r\nCookie: a=b\r\n\r\n") {
		t.Errorf("%q", got)
	}
}
