package fuzz

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/handshake"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/pipe"
	"github.com/hawser-ws/hawser/fuzz/internal/upgrade"
	"github.com/hawser-ws/hawser/websocket"
)

// sampleAccept is the accept key in the suite's heads, for the key in RFC 6455, section 1.3.
const sampleAccept = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// responseLines are the lines of a valid response, with {accept} for the accept key.
const responseLines = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Accept: {accept}\r\n"

// FuzzResponse compares the client's side of the opening handshake with a model of RFC
// 6455, section 4.1. A client must accept exactly the responses that the model accepts,
// and read no more than its limit on headers allows. The bytes after a response must be
// read as the first frames. In a response {accept} is replaced by the right accept key,
// {lower} by the same in lower case, and {key} by the client's key. setup is an
// [upgrade.Setup], and chop that of a [pipe.Canned].
func FuzzResponse(f *testing.F) {
	addResponses(f)
	f.Fuzz(func(t *testing.T, data []byte, setup uint16, chop uint64) {
		defer upgrade.Watch()()
		s := upgrade.Setup(setup)
		if s.Has(upgrade.Composed) {
			data = handshake.Response(data)
		}
		opts, model := s.Client()
		var stream []byte
		nc := &pipe.Canned{Chop: chop}
		nc.Reply = func(request []byte) []byte {
			model.Key = keyOf(request)
			stream = fill(data, model.Key)
			return stream
		}
		if s.Has(upgrade.Endless) { // a server that never stops sending
			nc.Filler = []byte("X-Filler: 0123456789abcdef\r\n")
		}
		c, resp, err := dialPipe(nc, opts)
		if model.Key == "" {
			t.Fatalf("the request is invalid: %q, %v", nc.Written(), err)
		}
		for len(nc.Filler) > 0 && len(stream) < model.MaxHeader+1<<12 {
			stream = append(stream, nc.Filler...)
		}
		v := model.Check(stream)
		if (err == nil) != v.Accept {
			t.Fatalf("%v; the model has %+v", err, v)
		}
		if read := nc.HasRead(); !v.Final && read > model.MaxHeader || read > model.MaxHeader+64<<10 {
			t.Fatalf("read %d bytes, with a limit of %d on the header", read, model.MaxHeader)
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
		twin := dialPlain(t, opts, v, stream[v.Header:], model.Key)
		defer twin.CloseNow()
		if got, want := upgrade.ReadAll(c), upgrade.ReadAll(twin); got != want {
			t.Fatalf("after the response: %s; after a plain response: %s", got, want)
		}
	})
}

// addResponses adds valid and invalid responses.
func addResponses(f *testing.F) {
	for _, more := range []string{
		"", "Sec-WebSocket-Protocol: chat\r\n", "Sec-WebSocket-Protocol: other\r\n",
		"Sec-WebSocket-Protocol: SPDY/3.1+portforward.k8s.io\r\n",
		"Sec-WebSocket-Protocol: \r\nSec-WebSocket-Extensions: \r\n",
		"Sec-WebSocket-Protocol: ,\t,\r\nSec-WebSocket-Extensions: ,\r\n",
		"Sec-WebSocket-Protocol:\r\nSec-WebSocket-Protocol:\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9; " +
			"client_max_window_bits=10\r\n",
		"Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover, x\r\n",
		"Sec-WebSocket-Extensions: x-deflate\r\n",
		"Sec-WebSocket-Accept: {accept}\r\n", "Upgrade: h2c\r\n", "Connection: close\r\n",
		"Content-Length: 5\r\n",
	} {
		f.Add([]byte(responseLines+more+"\r\n\x81\x05hello\x89\x00"),
			uint16(upgrade.Protocols|upgrade.Deflate), uint64(0))
		f.Add([]byte("HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"+responseLines+more+"\r\n"),
			uint16(upgrade.Protocols|upgrade.Deflate|2<<upgrade.WindowShift|1<<upgrade.LimitShift),
			uint64(0x0102030405060708))
	}
	for _, head := range []string{
		strings.ReplaceAll(responseLines, "{accept}", "{lower}"),
		strings.ReplaceAll(responseLines, "{accept}", "{key}"),
		strings.ReplaceAll(responseLines, "{accept}", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="),
		strings.ReplaceAll(responseLines, "101", "200"),
		strings.ReplaceAll(responseLines, "1.1", "1.0"), strings.ToLower(responseLines),
		"HTTP/1.1 302 Found\r\nLocation: /x\r\n",
		"HTTP/1.1 400 Bad Request\r\nTransfer-Encoding: chunked\r\n",
		"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 401 \r\nContent-Length: 3\r\n",
	} {
		f.Add([]byte(head+"\r\n\x82\x01x"), uint16(0), uint64(1))
		f.Add([]byte(head), uint16(upgrade.Endless|upgrade.Protocols|upgrade.Deflate), uint64(0))
	}
	for _, h := range upgrade.Heads() {
		if !h.Request {
			f.Add(bytes.ReplaceAll(h.Data, []byte(sampleAccept), []byte("{accept}")),
				uint16(upgrade.UsualClient), uint64(0))
		}
	}
	addComposedResponses(f)
}

// addComposedResponses adds scripts of handshake.Response, and responses whose header is
// at a limit or one byte beyond it.
func addComposedResponses(f *testing.F) {
	for i := range 256 {
		f.Add([]byte{byte(i / 16), byte(max(0, i-248)), byte(i)}, uint16(upgrade.Composed|i*97&0x377),
			uint64(i))
		for without := byte(1); without < 1<<3; without *= 2 { // each line in place of each required one
			f.Add([]byte{0, without, byte(i)}, uint16(upgrade.Composed|upgrade.UsualClient), uint64(i))
		}
	}
	for i, limit := range upgrade.HeaderLimits {
		for over := range 2 {
			fill := limit - len(responseLines) + len("{accept}") - len(sampleAccept) - len("X: \r\n\r\n")
			if limit > 0 && fill > 0 {
				f.Add([]byte(responseLines+"X: "+strings.Repeat("x", fill+over)+"\r\n\r\n"),
					uint16(i<<upgrade.LimitShift), uint64(0))
			}
		}
	}
}

// keyOf returns the key of a request, or "" if the request is invalid.
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

// fill replaces the words in braces by the values for a key.
func fill(data []byte, key string) []byte {
	accept := model.AcceptKey(key)
	for word, value := range map[string]string{
		"{accept}": accept, "{lower}": strings.ToLower(accept), "{key}": key,
	} {
		data = bytes.ReplaceAll(data, []byte(word), []byte(value))
	}
	return data
}

func dialPipe(nc *pipe.Canned, opts *websocket.DialOptions) (*websocket.Conn, *http.Response, error) {
	o := *opts
	o.NetDial = func(context.Context, string, string) (net.Conn, error) { return nc, nil }
	return websocket.Dial(context.Background(), "ws://example.com/chat", &o)
}

// checkRefused checks what Dial returned for an invalid response.
func checkRefused(
	t *testing.T, c *websocket.Conn, resp *http.Response, err error, v handshake.Verdict, nc *pipe.Canned,
) {
	var e *websocket.HandshakeError
	switch {
	case c != nil:
		t.Fatal("a Conn was returned with the error", err)
	case !errors.As(err, &e) || e.Status != v.Status:
		t.Fatalf("the error is %v, the status %d", err, v.Status)
	case (resp != nil) != v.Final:
		t.Fatalf("response %v; the model has %+v", resp, v)
	case !nc.Closed():
		t.Fatal("the connection was left open")
	case len(err.Error()) > 2000:
		t.Fatalf("the error has %d bytes", len(err.Error()))
	}
}

// dialPlain returns a connection whose server sends a plain response. The trailing bytes
// arrive in later reads. The client must not use key again.
func dialPlain(
	t *testing.T, opts *websocket.DialOptions, v handshake.Verdict, trailing []byte, key string,
) *websocket.Conn {
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
	nc := &pipe.Canned{Later: trailing}
	nc.Reply = func(request []byte) []byte { return fill([]byte(head), keyOf(request)) }
	c, _, err := dialPipe(nc, &o)
	if err != nil {
		t.Fatalf("the plain response %s is refused: %v", strconv.Quote(head), err)
	}
	if keyOf(nc.Written()) == key {
		// Section 4.1, item 7: "selected randomly for each connection".
		t.Fatalf("the key %s is used again", key)
	}
	return c
}
