package fuzz

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/permessage"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// handshakePatience bounds an input of this file. Nothing in them waits for anything.
const handshakePatience = 20 * time.Second

// watch panics unless the function that it returns is called within d.
func watch(d time.Duration) (stop func()) {
	t := time.AfterFunc(d, func() { panic("it hangs") })
	return func() { t.Stop() }
}

// suiteHeads are the handshakes of the compliance suite's cases. libFuzzer calls a
// target anew for each input, hence once.
var suiteHeads = sync.OnceValue(seeds.Heads)

// The bits of setup: options of the server or the client of an input, and its form.
const (
	setProtocols    = 1 << iota
	setDeflate      // with a window of 8 bits and as many as the bits from windowShift on say
	setNoTakeover   // by deflate
	setAnyWindow    // of the other side
	_               // the size of windows
	_               // the same
	_               // the same
	setAnyOrigin    // a server
	setPatterns     // of origins
	setOthersFields // in the answer of a server
	setNoNull       // among the patterns
	setNoMaxFields
	setTLS
	_
	setEndless  // the response
	setComposed // by package handshake, of a script
)

const (
	windowShift = 4
	limitShift  = 8 // of two bits of a client, an index of headerLimits
)

// Setups of most seeds.
const (
	usualServer = setProtocols | setDeflate | 5<<windowShift | setPatterns
	usualClient = setProtocols | setDeflate | 7<<windowShift
)

// requestLines are those of a right request, but for the first.
const requestLines = "Host: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

// FuzzRequest: a server accepts exactly the requests that a model of RFC 6455, section
// 4.2.1, finds right, answers them as section 4.2.2 has it, and refuses the rest with
// a status for one of their faults. What comes behind a request is read as if it had
// come later. Of setup, see requestOptions.
func FuzzRequest(f *testing.F) {
	addRequests(f)
	f.Fuzz(func(t *testing.T, data []byte, setup uint16) {
		defer watch(handshakePatience)()
		if setup&setComposed != 0 {
			data = handshake.Request(data)
		}
		src := bytes.NewReader(data)
		br := bufio.NewReader(src)
		r, err := http.ReadRequest(br)
		if err != nil {
			return // net/http answers this itself
		}
		opts, model := requestOptions(setup)
		own := bytes.NewReader(data)
		rest := bufio.NewReader(own)
		twice, err := http.ReadRequest(rest) // the model reads the body, too
		if err != nil {
			t.Fatalf("the same request is wrong: %v", err)
		}
		if setup&setTLS != 0 {
			r.TLS, twice.TLS = new(tls.ConnectionState), new(tls.ConnectionState)
		}
		faults, want := model.Check(twice)
		behind := data[len(data)-own.Len()-rest.Buffered():]
		nc := &pipe.Canned{In: data[len(data)-src.Len():]}
		w := &pipe.ResponseWriter{Reader: br, Conn: nc}
		if setup&setOthersFields != 0 {
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
		if err := checkAnswer(nc.Written(), want, setup&setOthersFields != 0); err != nil {
			t.Fatalf("%v; the answer: %q", err, nc.Written())
		}
		if c.Subprotocol() != want.Subprotocol {
			t.Fatalf("subprotocol %q, want %q", c.Subprotocol(), want.Subprotocol)
		}
		// The same request, with nothing behind it until it is answered.
		later := &pipe.ResponseWriter{Reader: bufio.NewReader(strings.NewReader("")), Conn: &pipe.Canned{In: behind, Chop: uint64(setup)}}
		twin, err := websocket.Accept(later, r, opts)
		if err != nil {
			t.Fatalf("refused when it came again: %v", err)
		}
		defer twin.CloseNow()
		if got, want := readAll(c), readAll(twin); got != want {
			t.Fatalf("behind the request: %s; when it comes later: %s", got, want)
		}
	})
}

// addRequests adds requests, right and wrong.
func addRequests(f *testing.F) {
	for _, more := range []string{
		"", "Origin: https://example.com\r\n", "Origin: http://other.example\r\n",
		"Origin: https://EXAMPLE.com:443\r\n", "Origin: null\r\n", "Origin: https://a.b.example\r\n",
		"Sec-WebSocket-Protocol: chat, v2.json\r\n", "Sec-WebSocket-Protocol: a b\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits; server_max_window_bits=9\r\n",
		"Sec-WebSocket-Extensions: x; y=\"z\", permessage-deflate;client_max_window_bits=\"10\"\r\n",
		"Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io, chat\r\n", "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Extensions: ,\r\n",
		"Origin: https://example.com/\r\n", "Origin: Example.com\r\n", "Origin: ionic://example.com\r\n",
		"Content-Length: 4\r\n", "Transfer-Encoding: chunked\r\n", "Transfer-Encoding: chunked\r\n\r\n0\r\n",
		"Transfer-Encoding: chunked\r\n\r\n0\r\nX-Y: z\r\n", "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", "Transfer-Encoding: chunked\r\nExpect: x\r\n\r\n0\r\n",
		"Connection: keep-alive, x\r\n",
		"Sec-WebSocket-Version: 8\r\n", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
		"Sec-WebSocket-X: " + strings.Repeat("x", 8<<10) + "\r\n",
	} {
		f.Add([]byte("GET /chat HTTP/1.1\r\n"+requestLines+more+"\r\n\x81\x85\x01\x02\x03\x04hello\x89\x80\x00\x00\x00\x00"), uint16(usualServer))
	}
	for _, line := range []string{"POST / HTTP/1.1", "GET / HTTP/1.0", "GET / HTTP/2.0", "GET http://a:80/ HTTP/1.1"} {
		f.Add([]byte(line+"\r\n"+requestLines+"\r\n"), uint16(0))
	}
	f.Add([]byte("GET / HTTP/1.1\r\nHost: [::1]:80\r\nOrigin: http://[0::1]\r\n\r\n"), uint16(0))
	f.Add([]byte("GET / HTTP/1.1\r\nHost: x\r\nupgrade: a, WebSocket\r\nCONNECTION: keep-alive , uPGRADE\r\nsec-websocket-version:13\r\nSec-WebSocket-Key:dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"), uint16(0))
	for _, h := range suiteHeads() {
		if h.Request {
			f.Add(h.Data, uint16(usualServer))
		}
	}
	addComposedRequests(f)
	addLargeRequests(f)
}

// addComposedRequests adds scripts of handshake.Request.
func addComposedRequests(f *testing.F) {
	for i := range 256 {
		f.Add([]byte{byte(i / 16), byte(max(0, i-200)), byte(i), byte(i * 7)}, uint16(setComposed|i*97&(setNoNull-1)))
		for without := byte(1); without < 1<<5; without *= 2 { // each line in place of each that is needed
			f.Add([]byte{0, without, byte(i)}, uint16(setComposed|usualServer))
		}
	}
	for _, host := range handshake.Lines("Host") {
		for _, origin := range handshake.Lines("Origin") {
			for _, patterns := range []uint16{0, setPatterns, setPatterns | setNoNull, setTLS} {
				f.Add([]byte{0, 1, host, origin}, setComposed|patterns)
			}
		}
	}
}

// addLargeRequests adds requests with the most that a limit allows, and with one byte more.
func addLargeRequests(f *testing.F) {
	for over := range 2 {
		fill := handshake.MaxFields - len("Sec-WebSocket-X: \r\n")
		for line := range strings.Lines(requestLines) {
			if strings.HasPrefix(line, "Sec-") {
				fill -= len(line)
			}
		}
		host := strings.Repeat("o", handshake.MaxOrigin-len("http://")+over)
		for _, limit := range []uint16{0, setNoMaxFields} {
			f.Add([]byte("GET / HTTP/1.1\r\n"+requestLines+"Sec-WebSocket-X: "+strings.Repeat("x", fill+over)+"\r\n\r\n"), limit)
		}
		f.Add([]byte("GET / HTTP/1.1\r\n"+strings.Replace(requestLines, "example.com", host, 1)+"Origin: http://"+host+"\r\n\r\n"), uint16(0))
	}
}

// requestOptions are options of a server, and the same for the model. The bits of
// setup: 0 subprotocols, 1 deflate, 2 no takeover, 3 no limit on windows, 4 to 6 the
// size of windows, 7 any origin, 8 patterns of origins, 9 fields from elsewhere, 10 patterns
// without null, 11 no limit on fields, 12 TLS; 15 is for handshake.Request.
func requestOptions(setup uint16) (*websocket.AcceptOptions, *handshake.Server) {
	o, m := &websocket.AcceptOptions{}, &handshake.Server{}
	if setup&setProtocols != 0 {
		o.Subprotocols = []string{"v2.json", "chat", "Chat"}
	}
	if setup&setDeflate != 0 {
		m.Deflate = sideOf(setup)
		o.Extensions = []wire.Extension{newDeflate(*m.Deflate)}
	}
	if setup&setPatterns != 0 {
		o.Origins = []string{"https://*.example", "app.example.com", "localhost:*", "http*://a*b.c:8080", "null"}
		if setup&setNoNull != 0 {
			o.Origins = o.Origins[:4]
		}
	}
	if setup&setOthersFields != 0 {
		o.Header = http.Header{"X-Own": {"1", "2"}}
	}
	if setup&setNoMaxFields != 0 {
		o.Limits.MaxHandshakeFields, m.MaxFields = -1, -1
	}
	o.InsecureAnyOrigin = setup&setAnyOrigin != 0
	m.Subprotocols, m.Origins, m.AnyOrigin = o.Subprotocols, o.Origins, o.InsecureAnyOrigin
	return o, m
}

func sideOf(setup uint16) *handshake.Side {
	bits := 8 + int(setup>>windowShift&7)
	s := &handshake.Side{Bits: bits, Receive: bits, NoContext: setup&setNoTakeover != 0}
	if setup&setAnyWindow != 0 {
		s.Receive = 15
	}
	return s
}

func newDeflate(s handshake.Side) *deflate.Extension {
	return deflate.MustNew(&deflate.Options{WindowBits: s.Bits, MaxReceiveWindowBits: s.Receive, NoContextTakeover: s.NoContext})
}

// checkRefusal checks the answer to a wrong request.
func checkRefusal(w *pipe.ResponseWriter, nc *pipe.Canned, faults []handshake.Fault, c *websocket.Conn, err error) error {
	var e *websocket.HandshakeError
	switch {
	case c != nil || !errors.As(err, &e):
		return fmt.Errorf("accepted, %v", err)
	case w.Hijacked || len(nc.Written()) > 0:
		return errors.New("refused on the bare connection")
	case e.Status != w.Status || w.Body.Len() == 0:
		return fmt.Errorf("answered %d, %q; the error is %w", w.Status, w.Body.String(), err)
	case !slices.ContainsFunc(faults, func(f handshake.Fault) bool { return f.Status == w.Status }):
		return fmt.Errorf("status %d, which fits none: %w", w.Status, err)
	}
	version := handshake.Values(w.Header(), "Sec-WebSocket-Version")
	needed := w.Status == 426 || !slices.ContainsFunc(faults, func(f handshake.Fault) bool { return f.What != "version" })
	switch {
	case needed && !slices.Equal(version, []string{"13"}): // section 4.4
		return fmt.Errorf("status %d with the version %q", w.Status, version)
	case w.Status == 405 && w.Header().Get("Allow") != "GET": // RFC 9110, section 15.5.6
		return fmt.Errorf("status 405 with Allow %q", w.Header()["Allow"])
	case w.Status == 426 && (w.Header().Get("Upgrade") != "websocket" || w.Header().Get("Connection") != "Upgrade"):
		return fmt.Errorf("status 426 without Upgrade: %q", w.Header())
	}
	return nil
}

// checkAnswer checks the octets of the answer to a right request.
func checkAnswer(answer []byte, want handshake.Acceptance, others bool) error {
	head, found := strings.CutSuffix(string(answer), "\r\n\r\n")
	lines := strings.Split(head, "\r\n")
	if !found || lines[0] != "HTTP/1.1 101 Switching Protocols" {
		return errors.New("no answer with 101")
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

// readAll says what comes in on a connection until its end, in words.
func readAll(c *websocket.Conn) string {
	ctx, cancel := context.WithTimeout(context.Background(), handshakePatience)
	defer cancel()
	var b strings.Builder
	for {
		typ, p, err := c.Read(ctx)
		if err != nil {
			fmt.Fprintf(&b, "then %v", err)
			return b.String()
		}
		fmt.Fprintf(&b, "%v %q, ", typ, p)
	}
}

// sampleAccept is what the suite's heads answer, to the key of RFC 6455, section 1.3.
const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// responseLines are those of a right response, with a word for its key.
const responseLines = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n"

// FuzzResponse: a client accepts exactly the responses that a model of RFC 6455,
// section 4.1, finds right, and never one with another accept key; it reads no more
// than its limit on headers allows, and what comes behind a response are its first
// frames. In the response {accept} stands for the right accept key, {lower} for the
// same in lower case, {key} for what was sent. Of setup, see responseOptions; chop is
// that of a Pipe.
func FuzzResponse(f *testing.F) {
	addResponses(f)
	f.Fuzz(func(t *testing.T, data []byte, setup uint16, chop uint64) {
		defer watch(handshakePatience)()
		if setup&setComposed != 0 {
			data = handshake.Response(data)
		}
		opts, model := responseOptions(setup)
		var stream []byte
		nc := &pipe.Canned{Chop: chop}
		nc.Reply = func(request []byte) []byte {
			model.Key = keyOf(request)
			stream = fill(data, model.Key)
			return stream
		}
		if setup&setEndless != 0 { // a server that goes on and on
			nc.Filler = []byte("X-Filler: 0123456789abcdef\r\n")
		}
		c, resp, err := dialPipe(nc, opts)
		if model.Key == "" {
			t.Fatalf("no right request was sent: %q, %v", nc.Written(), err)
		}
		for len(nc.Filler) > 0 && len(stream) < model.MaxHeader+1<<12 {
			stream = append(stream, nc.Filler...)
		}
		v := model.Check(stream)
		if (err == nil) != v.Accept {
			t.Fatalf("%v; the model says %+v", err, v)
		}
		if read := nc.HasRead(); !v.Final && read > model.MaxHeader || read > model.MaxHeader+64<<10 {
			t.Fatalf("read %d octets, with a limit of %d on the header", read, model.MaxHeader)
		}
		if err != nil {
			checkRefused(t, c, resp, err, v, nc)
			return
		}
		defer c.CloseNow()
		if resp.StatusCode != 101 || c.Subprotocol() != v.Subprotocol {
			t.Fatalf("status %d, subprotocol %q, want %q", resp.StatusCode, c.Subprotocol(), v.Subprotocol)
		}
		if len(nc.Filler) > 0 {
			return
		}
		twin := clean(t, opts, v, stream[v.Header:], model.Key)
		defer twin.CloseNow()
		if got, want := readAll(c), readAll(twin); got != want {
			t.Fatalf("behind the response: %s; behind a plain one: %s", got, want)
		}
	})
}

// addResponses adds responses, right and wrong.
func addResponses(f *testing.F) {
	for _, more := range []string{
		"", "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: other\r\n",
		"Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n", "Sec-WebSocket-Protocol: \r\nSec-WebSocket-Extensions: \r\n",
		"Sec-WebSocket-Protocol: ,\t,\r\nSec-WebSocket-Extensions: ,\r\n", "Sec-WebSocket-Protocol:\r\nSec-WebSocket-Protocol:\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate\r\n", "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; client_max_window_bits=10\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover, x\r\n", "Sec-WebSocket-Extensions: x-deflate\r\n",
		"Sec-WebSocket-Accept: {accept}\r\n", "Upgrade: h2c\r\n", "Connection: close\r\n", "Content-Length: 5\r\n",
	} {
		f.Add([]byte(responseLines+more+"\r\n\x81\x05hello\x89\x00"), uint16(setProtocols|setDeflate), uint64(0))
		f.Add([]byte("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"+responseLines+more+"\r\n"), uint16(setProtocols|setDeflate|2<<windowShift|1<<limitShift), uint64(0x0102030405060708))
	}
	for _, head := range []string{
		strings.ReplaceAll(responseLines, "{accept}", "{lower}"), strings.ReplaceAll(responseLines, "{accept}", "{key}"),
		strings.ReplaceAll(responseLines, "{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), strings.ReplaceAll(responseLines, "101", "200"),
		strings.ReplaceAll(responseLines, "1.1", "1.0"), strings.ToLower(responseLines), "HTTP/1.1 302 Found\r\nLocation: /x\r\n",
		"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 \r\nContent-Length: 3\r\n",
	} {
		f.Add([]byte(head+"\r\n\x82\x01x"), uint16(0), uint64(1))
		f.Add([]byte(head), uint16(setEndless|setProtocols|setDeflate), uint64(0))
	}
	for _, h := range suiteHeads() {
		if !h.Request {
			f.Add(bytes.ReplaceAll(h.Data, []byte(sampleAccept), []byte("{accept}")), uint16(usualClient), uint64(0))
		}
	}
	addComposedResponses(f)
}

// addComposedResponses adds scripts of handshake.Response, and responses with the largest
// header that a limit allows, and with one byte more.
func addComposedResponses(f *testing.F) {
	for i := range 256 {
		f.Add([]byte{byte(i / 16), byte(max(0, i-248)), byte(i)}, uint16(setComposed|i*97&0x377), uint64(i))
		for without := byte(1); without < 1<<3; without *= 2 { // each line in place of each that is needed
			f.Add([]byte{0, without, byte(i)}, uint16(setComposed|usualClient), uint64(i))
		}
	}
	for i, limit := range headerLimits {
		for over := range 2 {
			fill := limit - len(responseLines) + len("{accept}") - len(sampleAccept) - len("X: \r\n\r\n")
			if limit > 0 && fill > 0 {
				f.Add([]byte(responseLines+"X: "+strings.Repeat("x", fill+over)+"\r\n\r\n"), uint16(i<<limitShift), uint64(0))
			}
		}
	}
}

// headerLimits are limits on the header of a response; 0 is the default.
var headerLimits = [4]int{0, 200, 500, 5000}

// responseOptions are options of a client, and the same for the model. The bits of
// setup: 0 subprotocols, 1 deflate, 2 no takeover, 3 no limit on windows, 4 to 6 the
// size of windows, 8 and 9
// the limit on the header, 14 a stream without end; 15 is for handshake.Response.
func responseOptions(setup uint16) (*websocket.DialOptions, *handshake.Client) {
	o, m := &websocket.DialOptions{}, &handshake.Client{}
	o.Proxy = func(*http.Request) (*url.URL, error) { return nil, nil }
	if setup&setProtocols != 0 {
		o.Subprotocols = []string{"chat", "v2.json", "SPDY/3.1+portforward.k8s.io"}
	}
	if setup&setDeflate != 0 {
		ext := newDeflate(*sideOf(setup))
		o.Extensions = []wire.Extension{ext}
		m.Offers = permessage.Elements(ext.Offer(nil))
	}
	o.Limits.MaxResponseHeader = int64(headerLimits[setup>>limitShift&3])
	m.MaxHeader = int(o.Limits.MaxResponseHeader)
	if m.MaxHeader == 0 {
		m.MaxHeader = 64 << 10 // as documented
	}
	m.Subprotocols = o.Subprotocols
	return o, m
}

// keyOf returns the key of a request, or "" if the request is not right.
func keyOf(request []byte) string {
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		return ""
	}
	if faults, _ := new(handshake.Server).Check(r); len(faults) > 0 {
		return ""
	}
	return r.Header.Get("Sec-WebSocket-Key")
}

// fill puts what belongs to a key where words stand for it.
func fill(data []byte, key string) []byte {
	accept := model.AcceptKey(key)
	for word, value := range map[string]string{"{accept}": accept, "{lower}": strings.ToLower(accept), "{key}": key} {
		data = bytes.ReplaceAll(data, []byte(word), []byte(value))
	}
	return data
}

func dialPipe(nc *pipe.Canned, opts *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	o := *opts
	o.NetDial = func(context.Context, string, string) (net.Conn, error) { return nc, nil }
	return websocket.Dial(context.Background(), "ws://example.com/chat", &o)
}

// checkRefused checks what a client has made of a wrong response.
func checkRefused(t *testing.T, c *websocket.Conn, resp *http.Response, err error, v handshake.Verdict, nc *pipe.Canned) {
	var e *websocket.HandshakeError
	switch {
	case c != nil:
		t.Fatal("a Conn with the error", err)
	case !errors.As(err, &e) || e.Status != v.Status:
		t.Fatalf("the error is %v, the status %d", err, v.Status)
	case (resp != nil) != v.Final:
		t.Fatalf("response %v; the model says %+v", resp, v)
	case !nc.Closed():
		t.Fatal("the connection is open")
	case len(err.Error()) > 2000:
		t.Fatalf("an error of %d octets", len(err.Error()))
	}
}

// clean returns a connection with a plain response, and that behind it once it is open.
// Its key is not that of another.
func clean(t *testing.T, opts *websocket.DialOptions, v handshake.Verdict, behind []byte, key string) *websocket.Conn {
	head := responseLines
	if v.Subprotocol != "" {
		head += "Sec-WebSocket-Protocol: " + v.Subprotocol + "\r\n"
	}
	for _, x := range v.Extensions {
		head += "Sec-WebSocket-Extensions: " + x + "\r\n"
	}
	head += "\r\n"
	o := *opts
	o.Limits.MaxResponseHeader = -1
	nc := &pipe.Canned{Later: behind}
	nc.Reply = func(request []byte) []byte { return fill([]byte(head), keyOf(request)) }
	c, _, err := dialPipe(nc, &o)
	if err != nil {
		t.Fatalf("a plain response with %s is refused: %v", strconv.Quote(head), err)
	}
	if keyOf(nc.Written()) == key {
		t.Fatalf("the key %s again", key) // section 4.1, item 7: "selected randomly for each connection"
	}
	return c
}
