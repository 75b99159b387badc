package fuzz

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/upgrade"
	"github.com/hawser-ws/hawser/websocket"
)

// requestLines are the lines of a valid request, without the first.
const requestLines = "Host: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// FuzzRequest compares the server's side of the opening handshake with a model of RFC 6455.
// A server must accept exactly the requests that section 4.2.1 allows, answer them as
// section 4.2.2 requires, and refuse the others with a status for one of their faults.
// Frames sent together with a request must be read as if they were sent later. setup is
// an [upgrade.Setup].
func FuzzRequest(f *testing.F) {
	addRequests(f)
	f.Fuzz(func(t *testing.T, data []byte, setup uint16) {
		defer upgrade.Watch()()
		s := upgrade.Setup(setup)
		if s.Has(upgrade.Composed) {
			data = handshake.Request(data)
		}
		src := bytes.NewReader(data)
		br := bufio.NewReader(src)
		r, err := http.ReadRequest(br)
		if err != nil {
			return // net/http answers this itself
		}
		opts, model := s.Server()
		own := bytes.NewReader(data)
		rest := bufio.NewReader(own)
		twice, err := http.ReadRequest(rest) // the model reads the body, too
		if err != nil {
			t.Fatalf("the same request is invalid the second time: %v", err)
		}
		if s.Has(upgrade.TLS) {
			r.TLS, twice.TLS = new(tls.ConnectionState), new(tls.ConnectionState)
		}
		faults, want := model.Check(twice)
		trailing := data[len(data)-own.Len()-rest.Buffered():]
		nc := &pipe.Canned{In: data[len(data)-src.Len():]}
		w := &pipe.ResponseWriter{Reader: br, Conn: nc}
		if s.Has(upgrade.ForeignFields) {
			w.Header()["Set-Cookie"] = []string{"a=b", "c=d"}
			w.Header()["Upgrade"] = []string{"h2c"}
			w.Header()["sec-websocket-accept"] = []string{"no"}
		}
		c, err := websocket.Accept(w, r, opts)
		if len(faults) > 0 {
			if err := checkRefusal(w, nc, faults, c, err); err != nil {
				t.Fatalf("%v; the faults: %v", err, faults)
			}
			return
		}
		if err != nil {
			t.Fatalf("refused: %v", err)
		}
		defer c.CloseNow()
		if err := checkAnswer(nc.Written(), want, s.Has(upgrade.ForeignFields)); err != nil {
			t.Fatalf("%v; the answer: %q", err, nc.Written())
		}
		if c.Subprotocol() != want.Subprotocol {
			t.Fatalf("subprotocol %q, want %q", c.Subprotocol(), want.Subprotocol)
		}
		// The same request, with the frames after it delayed until it is answered.
		later := &pipe.ResponseWriter{
			Reader: bufio.NewReader(strings.NewReader("")),
			Conn:   &pipe.Canned{In: trailing, Chop: uint64(setup)},
		}
		twin, err := websocket.Accept(later, r, opts)
		if err != nil {
			t.Fatalf("refused the second time: %v", err)
		}
		defer twin.CloseNow()
		if got, want := upgrade.ReadAll(c), upgrade.ReadAll(twin); got != want {
			t.Fatalf("with the request: %s; later: %s", got, want)
		}
	})
}

// addRequests adds valid and invalid requests.
func addRequests(f *testing.F) {
	for _, more := range []string{
		"", "Origin: https://example.com\r\n", "Origin: http://other.example\r\n",
		"Origin: https://EXAMPLE.com:443\r\n", "Origin: null\r\n", "Origin: https://a.b.example\r\n",
		"Sec-WebSocket-Protocol: chat, v2.json\r\n", "Sec-WebSocket-Protocol: a b\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=9\r\n",
		"Sec-WebSocket-Extensions: x; y=\"z\", permessage-deflate;client_max_window_bits=\"10\"\r\n",
		"Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io, chat\r\n",
		"Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: ,\r\n",
		"Origin: https://example.com/\r\n", "Origin: Example.com\r\n", "Origin: ionic://example.com\r\n",
		"Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n",
		"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Y: z\r\n",
		"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
		"Transfer-Encoding: chunked\r\nExpect: x\r\n\r\n0\r\n",
		"Connection: keep-alive, x\r\n",
		"Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		"Sec-WebSocket-X: " + strings.Repeat("x", 8<<10) + "\r\n",
	} {
		const frames = "\x81\x85\x01\x02\x03\x04hello\x89\x80\x00\x00\x00\x00"
		f.Add([]byte("GET /chat HTTP/1.1\r\n"+requestLines+more+"\r\n"+frames), uint16(upgrade.UsualServer))
	}
	for _, line := range []string{
		"POST / HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/2.0", "GET http://a:80/ HTTP/1.1",
	} {
		f.Add([]byte(line+"\r\n"+requestLines+"\r\n"), uint16(0))
	}
	f.Add([]byte("GET / HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://[0::1]\r\n\r\n"), uint16(0))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\nupgrade: a, WebSocket\r\nCONNECTION: keep-alive , uPGRADE\r\n"+
		"sec-websocket-version:13\r\nSec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), uint16(0))
	for _, h := range upgrade.Heads() {
		if h.Request {
			f.Add(h.Data, uint16(upgrade.UsualServer))
		}
	}
	addComposedRequests(f)
	addLargeRequests(f)
}

// addComposedRequests adds scripts of handshake.Request.
func addComposedRequests(f *testing.F) {
	for i := range 256 {
		f.Add([]byte{byte(i / 16), byte(max(0, i-200)), byte(i), byte(i * 7)},
			uint16(upgrade.Composed|i*97&(upgrade.NoNull-1)))
		for without := byte(1); without < 1<<5; without *= 2 { // each line in place of each required one
			f.Add([]byte{0, without, byte(i)}, uint16(upgrade.Composed|upgrade.UsualServer))
		}
	}
	for _, host := range handshake.Lines("Host") {
		for _, origin := range handshake.Lines("Origin") {
			for _, patterns := range []uint16{
				0, upgrade.Patterns, upgrade.Patterns | upgrade.NoNull, upgrade.TLS,
			} {
				f.Add([]byte{0, 1, host, origin}, upgrade.Composed|patterns)
			}
		}
	}
}

// addLargeRequests adds requests at a limit, and requests one byte beyond it.
func addLargeRequests(f *testing.F) {
	for over := range 2 {
		fill := handshake.MaxFields - len("Sec-WebSocket-X: \r\n")
		for line := range strings.Lines(requestLines) {
			if strings.HasPrefix(line, "Sec-") {
				fill -= len(line)
			}
		}
		host := strings.Repeat("o", handshake.MaxOrigin-len("http://")+over)
		for _, limit := range []uint16{0, upgrade.NoFieldLimit} {
			x := strings.Repeat("x", fill+over)
			f.Add([]byte("GET / HTTP/1.1\r\n"+requestLines+"Sec-WebSocket-X: "+x+"\r\n\r\n"), limit)
		}
		lines := strings.Replace(requestLines, "example.com", host, 1)
		f.Add([]byte("GET / HTTP/1.1\r\n"+lines+"Origin: http://"+host+"\r\n\r\n"), uint16(0))
	}
}

// checkRefusal checks the answer to an invalid request.
func checkRefusal(
	w *pipe.ResponseWriter, nc *pipe.Canned, faults []handshake.Fault, c *websocket.Conn, err error,
) error {
	var e *websocket.HandshakeError
	switch {
	case c != nil || !errors.As(err, &e):
		return fmt.Errorf("accepted, or refused without a HandshakeError: %v", err)
	case w.Hijacked || len(nc.Written()) > 0:
		return errors.New("refused on the hijacked connection")
	case e.Status != w.Status || w.Body.Len() == 0:
		return fmt.Errorf("answered %d, %q; the error is %w", w.Status, w.Body.String(), err)
	case !slices.ContainsFunc(faults, func(f handshake.Fault) bool { return f.Status == w.Status }):
		return fmt.Errorf("status %d, which no fault has: %w", w.Status, err)
	}
	version := handshake.Values(w.Header(), "Sec-WebSocket-Version")
	needed := w.Status == 426 ||
		!slices.ContainsFunc(faults, func(f handshake.Fault) bool { return f.What != "version" })
	switch {
	case needed && !slices.Equal(version, []string{"13"}): // section 4.4
		return fmt.Errorf("status %d with the version %q", w.Status, version)
	case w.Status == 405 && w.Header().Get("Allow") != "GET": // RFC 9110, section 15.5.6
		return fmt.Errorf("status 405 with Allow %q", w.Header()["Allow"])
	case w.Status == 426 &&
		(w.Header().Get("Upgrade") != "websocket" || w.Header().Get("Connection") != "Upgrade"):
		return fmt.Errorf("status 426 without Upgrade: %q", w.Header())
	}
	return nil
}

// checkAnswer checks the answer to a valid request. If others is set, other code has set
// fields of the response.
func checkAnswer(answer []byte, want handshake.Acceptance, others bool) error {
	head, found := strings.CutSuffix(string(answer), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if !found || lines[0] != "HTTP/1.1 101 Switching Protocols" {
		return errors.New("the answer is not a 101 response")
	}
	must := []string{"Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Accept: " + want.Key}
	if want.Subprotocol != "" {
		must = append(must, "Sec-WebSocket-Protocol: "+want.Subprotocol)
	}
	if others {
		must = append(must, "Set-Cookie: a=b", "Set-Cookie: c=d", "X-Own: 1", "X-Own: 2")
	}
	var extensions []string
	lines = slices.DeleteFunc(lines[1:], func(line string) bool {
		value, found := strings.CutPrefix(line, "Sec-WebSocket-Extensions: ")
		if found {
			extensions = append(extensions, value)
		}
		return found
	})
	slices.Sort(lines)
	slices.Sort(must)
	if diff := cmp.Diff(must, lines); diff != "" {
		return fmt.Errorf("wrong fields (-want +got):\n%s", diff)
	}
	got, fault := model.Extensions(extensions)
	if fault != nil || len(got) > 1 || len(got) == 1 != want.Deflate {
		return fmt.Errorf("extensions %q; deflate is %v", extensions, want.Deflate)
	}
	if want.Deflate {
		if p, ok := handshake.ParseParams(got[0], true); !ok || p != want.Params {
			return fmt.Errorf("answer %q, want %+v", extensions, want.Params)
		}
	}
	return nil
}
