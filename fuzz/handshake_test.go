package fuzz

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	model "github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/fuzz/internal/upgrade"
	"github.com/hawser-ws/hawser/wire/handshake"
)

// FuzzHandshake compares the reader of opening handshakes with net/http and with a slow
// reader of RFC 9112. It must accept exactly the heads that the slow reader accepts, and
// refuse the others with a status for one of their faults. net/http must accept the same
// heads, and find the same method, target, host and fields. Then Check must agree with the
// model of RFC 6455, and the model's client must accept the response. The result must not
// depend on how the head is cut: chops are the sizes of the pieces. setup selects the limit
// and the form of the input, as in an [upgrade.Setup].
func FuzzHandshake(f *testing.F) {
	for _, head := range headSeeds() {
		f.Add(head, []byte{7, 1, 0, 40}, uint16(0))
	}
	for i := range 256 {
		f.Add([]byte{byte(i / 16), byte(max(0, i-200)), byte(i), byte(i * 7)}, []byte{byte(i)},
			uint16(upgrade.Composed))
		for without := byte(0); without < 1<<5; without = max(1, 2*without) {
			f.Add([]byte{0, without, byte(i)}, []byte(nil), uint16(upgrade.Composed|i%4<<upgrade.LimitShift))
		}
	}
	f.Fuzz(func(t *testing.T, data, chops []byte, setup uint16) {
		s := upgrade.Setup(setup)
		if s.Has(upgrade.Composed) {
			data = model.Request(data)
		}
		max := upgrade.HeaderLimits[s>>upgrade.LimitShift&3]
		r := handshake.Request{MaxSize: max}
		n, err := r.Consume(bytes.Clone(data))
		chopped := handshake.Request{MaxSize: max}
		m, errChopped := consumeChopped(&chopped, data, chops)
		if diff := cmp.Diff(result(&r, n, err), result(&chopped, m, errChopped)); diff != "" {
			t.Fatalf("cut by %v (-whole +cut):\n%s", chops, diff)
		}
		if max == 0 {
			max = handshake.DefaultMaxSize
		}
		want := model.ReadHead(string(data), max)
		if err := checkHead(&r, n, err, want); err != nil {
			t.Fatal(err)
		}
		if err != nil {
			return
		}
		parsed, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(data)))
		if err != nil {
			t.Fatalf("net/http refuses what was accepted: %v", err)
		}
		if err := compareRequests(&r, parsed); err != nil {
			t.Fatal(err)
		}
		if err := checkOpening(&r, parsed); err != nil {
			t.Fatal(err)
		}
	})
}

// headSeeds are requests.
func headSeeds() (all [][]byte) {
	const lines = "Host: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
	for _, first := range []string{
		"GET /chat HTTP/1.1", "GET http://a:80 HTTP/1.1", "GET https://[::1]/ HTTP/1.1", "GET http://a?b HTTP/1.1",
		"GET http://%41/ HTTP/1.1", "GET //a/%2f?%zz HTTP/1.1", "GET /%zz HTTP/1.1", "GET * HTTP/1.1",
		"CONNECT a:80 HTTP/1.1", "GET a:b HTTP/1.1", "GET /\x80 HTTP/1.1", "GET /a#b HTTP/1.1",
		"GET / HTTP/1.0", "GET / HTTP/2.0", "PRI * HTTP/2.0", "G@T / HTTP/1.1", "GET / HTTP/1.1 ",
		"GET http://a@b/ HTTP/1.1", "GET http:///a HTTP/1.1", "\r\nGET / HTTP/1.1", "GET / HTTP/1.1\r",
	} {
		all = append(all, []byte(first+"\r\n"+lines+"\r\n"))
	}
	for _, line := range []string{
		"Content-Length: 0", "Transfer-Encoding: chunked", " folded: line", "\tfolded", "A : b", "A", ": b", "A: \x00",
		"A: b\rc", "A: \x7f", "A:\t b \t", "A: \xff", "A\xff: b", "A b: c", "Host: a", "Pragma: no-cache", "A: b\nC: d",
		"Origin: null", "Origin:", "Origin: a\r\nOrigin: a", "Sec-WebSocket-Protocol: chat, x",
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits", "Sec-WebSocket-Extensions: a b",
		"Trailer: X", "Expect: 100-continue", "Expect: x", "Expect: 100-continue, x", "Expect:", "Cookie: " + strings.Repeat("c", handshake.DefaultMaxSize-200),
	} {
		all = append(all, []byte("GET / HTTP/1.1\r\n"+lines+line+"\r\n\r\n\x81\x80\x00\x00\x00\x00"))
	}
	for _, host := range []string{
		"", "a:", ":80", "a:8:8", "a:b", "[::1]:80", "[::1", "[]", "[a]b", "a@b", "a/b", "%41", "%4", "a b", "\xe9", "x,y",
	} {
		all = append(all, []byte("GET / HTTP/1.1\r\nHost: "+host+"\r\n\r\n"))
	}
	for _, h := range upgrade.Heads() {
		if h.Request {
			all = append(all, h.Data)
		}
	}
	return all
}

// consumeChopped passes data to Consume as it arrives in pieces, each time in another buffer
// unless that takes too long.
func consumeChopped(r *handshake.Request, data, chops []byte) (n int, err error) {
	end, last := 0, []byte(nil)
	err = io.ErrUnexpectedEOF // of no data
	for _, size := range reading.Chop(len(data), chops) {
		end += size
		b := data[:end]
		if len(data) < 1<<10 {
			b = bytes.Clone(b)
			clear(last)
		}
		n, err = r.Consume(b)
		if err != io.ErrUnexpectedEOF {
			return n, err
		}
		last = b
	}
	return n, err
}

// result returns the result of Consume in a form to compare.
func result(r *handshake.Request, n int, err error) string {
	s := fmt.Sprintf("%d %q %q %q %v\n", n, r.Method, r.Target, r.Host, err)
	for name, value := range r.Fields() {
		s += fmt.Sprintf("%q: %q\n", name, value)
	}
	return s
}

// checkHead compares the result of Consume with that of the slow reader.
func checkHead(r *handshake.Request, n int, err error, want model.Head) error {
	var e *handshake.Error
	switch {
	case want.Incomplete:
		if n != 0 || err != io.ErrUnexpectedEOF {
			return fmt.Errorf("%d, %w, but the head is incomplete", n, err)
		}
		return nil
	case len(want.Faults) > 0:
		if n != 0 || !errors.As(err, &e) ||
			!slices.ContainsFunc(want.Faults, func(f model.Fault) bool { return f.Status == e.Status }) {
			return fmt.Errorf("%d, %w, but the faults are %v", n, err, want.Faults)
		}
		return checkHeadRefusal(e)
	}
	var fields [][2]string
	for name, value := range r.Fields() {
		fields = append(fields, [2]string{string(name), string(value)})
	}
	got := model.Head{Size: n, Method: string(r.Method), Target: string(r.Target), Host: string(r.Host), Fields: fields}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		return fmt.Errorf("%w (-want +got):\n%s", err, diff)
	}
	return nil
}

// compareRequests compares a request with the result of net/http.
func compareRequests(r *handshake.Request, want *http.Request) error {
	u, err := url.ParseRequestURI(string(r.Target))
	if err != nil || r.Target[0] != '/' {
		return fmt.Errorf("target %q: %w", r.Target, err)
	}
	path := want.URL.Path
	if path == "" { // of a URL
		path = "/"
	}
	if string(r.Method) != want.Method || string(r.Host) != want.Host || u.Path != path ||
		u.RawQuery != want.URL.RawQuery || want.Proto != "HTTP/1.1" {
		return fmt.Errorf("%q %q on %q, want %q %q on %q", r.Method, r.Target, r.Host, want.Method, want.URL, want.Host)
	}
	got := make(http.Header)
	for name, value := range r.Fields() {
		key := textproto.CanonicalMIMEHeaderKey(string(name))
		got[key] = append(got[key], string(value))
	}
	delete(got, "Host")
	if p, c := got["Pragma"], got["Cache-Control"]; len(p) > 0 && p[0] == "no-cache" && c == nil {
		got["Cache-Control"] = []string{"no-cache"} // net/http adds it
	}
	if diff := cmp.Diff(want.Header, got); diff != "" {
		return fmt.Errorf("fields (-net/http +got):\n%s", diff)
	}
	if want.ContentLength != 0 || len(want.TransferEncoding) > 0 {
		return fmt.Errorf("net/http finds a body: %d, %q", want.ContentLength, want.TransferEncoding)
	}
	return nil
}

// checkOpening compares the result of Check with the model of a server without other rules, and
// reads the response as a client.
func checkOpening(r *handshake.Request, parsed *http.Request) error {
	server := model.Server{AnyOrigin: true, MaxFields: -1}
	faults, want := server.Check(parsed)
	if o := parsed.Header["Origin"]; len(o) > 1 || len(o) == 1 && o[0] == "" {
		faults = append(faults, model.Fault{Status: 400, What: "origins"})
	}
	var e *handshake.Error
	err := r.Check(nil)
	if parsed.Header["Origin"] != nil && (!errors.As(err, &e) || e.Status != 403 && len(faults) == 0) {
		return fmt.Errorf("checked: %w, but no page may connect", err)
	}
	err = r.Check(func(origin []byte) bool { return string(origin) == parsed.Header.Get("Origin") })
	if len(faults) > 0 {
		if !errors.As(err, &e) ||
			!slices.ContainsFunc(faults, func(f model.Fault) bool { return f.Status == e.Status }) {
			return fmt.Errorf("checked: %w, but the faults are %v", err, faults)
		}
		return checkHeadRefusal(e)
	}
	if err != nil {
		return fmt.Errorf("checked: %w, but there is no fault", err)
	}
	if string(r.Key) != parsed.Header.Get("Sec-Websocket-Key") ||
		string(r.Origin) != parsed.Header.Get("Origin") || (r.Origin != nil) != (parsed.Header["Origin"] != nil) {
		return fmt.Errorf("key %q, origin %q", r.Key, r.Origin)
	}
	client := model.Client{Key: string(r.Key), Subprotocols: r.Protocols, MaxHeader: 64 << 10}
	for _, protocol := range append([]string{""}, r.Protocols[:min(3, len(r.Protocols))]...) {
		b, err := r.AppendResponse(nil, protocol, nil)
		v := client.Check(b)
		if err != nil || !v.Accept || v.Subprotocol != protocol || v.Header != len(b) ||
			!bytes.Contains(b, []byte("\r\nSec-WebSocket-Accept: "+want.Key+"\r\n")) {
			return fmt.Errorf("response %q, %w: %+v", b, err, v)
		}
	}
	return nil
}

// checkHeadRefusal reads the response to an invalid request.
func checkHeadRefusal(e *handshake.Error) error {
	b := handshake.AppendRefusal(nil, e)
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(b)), nil)
	if err != nil {
		return fmt.Errorf("refusal %q: %w", b, err)
	}
	h := resp.Header
	switch {
	case resp.StatusCode != e.Status || !resp.Close:
		return fmt.Errorf("refusal %q: status %d, close %v", b, resp.StatusCode, resp.Close)
	case e.Status == 426 && (h.Get("Sec-Websocket-Version") != "13" || h.Get("Upgrade") != "websocket"),
		e.Status == 405 && h.Get("Allow") != "GET": // RFC 6455, section 4.4; RFC 9110, section 15.5.6
		return fmt.Errorf("refusal %q lacks a field", b)
	}
	return nil
}
