package wstest

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"maps"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// maxHead is the size of the largest request or response that a Peer reads.
const maxHead = 64 << 10

// Accept reads the request of an opening handshake, answers it with 101, and returns the request.
// The fields of header replace those of a correct response. A field without values is left out, and
// names keep their case. The Peer must be a server.
//
// Accept does not check the request, and chooses no subprotocol and no extension.
func (p *Peer) Accept(header http.Header) *http.Request {
	p.tb.Helper()
	var req *http.Request
	err := p.read(func(br *bufio.Reader) (err error) {
		req, err = http.ReadRequest(br)
		return err
	})
	if err != nil {
		p.fatalf("peer: reading a request: %v", err)
	}
	req.Body = http.NoBody
	p.writeHead("HTTP/1.1 101 Switching Protocols", http.Header{
		"Upgrade":              {"websocket"},
		"Connection":           {"Upgrade"},
		"Sec-Websocket-Accept": {wire.AcceptKey(req.Header.Get("Sec-WebSocket-Key"))},
	}, header)
	return req
}

// Dial sends the request of an opening handshake to the host example.com, and returns the response.
// The target has a path and perhaps a query, such as "/rooms/1?name=gopher". The fields of header
// replace those of a correct request, as with Accept. The Peer must be a client.
//
// Dial does not check the response, whose Request has the fields that were sent. Dial reads the
// whole body, which must therefore end, for example after its Content-Length. A response of more
// than 64 KiB is an error.
func (p *Peer) Dial(target string, header http.Header) *http.Response {
	p.tb.Helper()
	req := &http.Request{Method: "GET", Header: p.writeHead("GET "+target+" HTTP/1.1", http.Header{
		"Host":                  {"example.com"},
		"Upgrade":               {"websocket"},
		"Connection":            {"Upgrade"},
		"Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key":     {"dGhlIHNhbXBsZSBub25jZQ=="}, // that of RFC 6455, section 1.3
	}, header)}
	var resp *http.Response
	err := p.read(func(br *bufio.Reader) (err error) {
		if resp, err = http.ReadResponse(br, req); err != nil {
			return err
		}
		body, err := io.ReadAll(resp.Body) // empty after 101
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return err
	})
	if err != nil {
		p.fatalf("peer: reading a response: %v", err)
	}
	return resp
}

// writeHead sends a line and the fields, some of which replace overrides, and returns the fields.
func (p *Peer) writeHead(line string, fields, replace http.Header) http.Header {
	p.tb.Helper()
	for name := range replace {
		fields.Del(name)
	}
	maps.Copy(fields, replace)
	var b bytes.Buffer
	b.WriteString(line + "\r\n")
	fields.Write(&b) // cannot fail
	b.WriteString("\r\n")
	p.Write(b.Bytes())
	return fields
}

// read calls f with a reader of the stream, and keeps the bytes that f does not read.
func (p *Peer) read(f func(*bufio.Reader) error) error {
	p.nc.SetReadDeadline(time.Now().Add(timeout))
	defer p.nc.SetReadDeadline(time.Time{})
	got := bytes.NewReader(p.got)
	br := bufio.NewReader(&headReader{io.MultiReader(got, p.nc), maxHead})
	err := f(br)
	left, _ := br.Peek(br.Buffered())
	p.got = append(left, p.got[len(p.got)-got.Len():]...)
	return err
}

// A headReader reads at most left bytes. More is an error. With io.EOF, as from an io.LimitReader,
// a part would look like the whole.
type headReader struct {
	r    io.Reader
	left int
}

func (r *headReader) Read(b []byte) (int, error) {
	if r.left == 0 {
		return 0, fmt.Errorf("larger than %d bytes", maxHead)
	}
	n, err := r.r.Read(b[:min(len(b), r.left)])
	r.left -= n
	return n, err
}
