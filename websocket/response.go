package websocket

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

const (
	maxBody     = 1 << 10     // bytes of the body of a refusal that are kept
	bodyTimeout = time.Second // how long a refusal is held up for its body
	maxBodyLine = 120         // bytes of the body that an error shows
)

// A response is the final answer to a request, with what was read beyond its
// header.
type response struct {
	http *http.Response // its Body is in memory
	body []byte         // of a refusal, at most maxBody bytes
	rest []byte         // bytes behind an answer that hands the connection over
}

// opens reports whether the answer hands the connection over, as req asks for.
func (r *response) opens(req *http.Request) bool {
	return opensConn(req, r.http.StatusCode)
}

func opensConn(req *http.Request, status int) bool {
	return status == http.StatusSwitchingProtocols || status/100 == 2 && req.Method == http.MethodConnect
}

// readResponse reads the answer to req from nc: a header of at most limit bytes,
// or of any size if limit is negative. Interim responses, such as 103, count and
// are skipped.
func readResponse(nc net.Conn, req *http.Request, limit int64) (*response, error) {
	src := &headerReader{src: nc, left: limit}
	br := bufio.NewReader(src)
	for {
		resp, err := http.ReadResponse(br, req)
		if src.over { // net/http may take the end of what it got for a fault in it
			return nil, fmt.Errorf("its header is larger than Limits.MaxResponseHeader, %d bytes", limit)
		}
		if err != nil {
			return nil, brief(err)
		}
		switch code := resp.StatusCode; {
		case opensConn(req, code):
			rest, _ := br.Peek(br.Buffered())
			resp.Body = http.NoBody
			return &response{http: resp, rest: slices.Clone(rest)}, nil
		case code/100 == 1:
			continue
		}
		src.left = -1
		late := time.AfterFunc(bodyTimeout, func() { dropConn(nc) }) // which is next anyhow
		defer late.Stop()
		// What could be read tells enough; why there is no more does not matter.
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxBody))
		resp.Body = io.NopCloser(bytes.NewReader(body))
		return &response{http: resp, body: body}, nil
	}
}

// A headerReader ends after left bytes, and then more was asked for; a negative
// left is no limit.
type headerReader struct {
	src  io.Reader
	left int64
	over bool
}

func (r *headerReader) Read(p []byte) (int, error) {
	if r.left < 0 {
		return r.src.Read(p)
	}
	if r.left == 0 {
		r.over = true
		return 0, io.EOF
	}
	n, err := r.src.Read(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	return n, err
}

// brief shortens the errors of net/http, which may quote a whole line of a peer.
func brief(err error) error {
	const most = 200
	if text := err.Error(); len(text) > most {
		return errors.New(strings.ToValidUTF8(text[:most], "") + "...")
	}
	return err
}

// few returns the first lines of a field, which may have thousands.
func few(lines []string) []string { return lines[:min(len(lines), 3)] }

// refuse is the error of a response that breaks a rule.
func (r *response) refuse(section, format string, args ...any) error {
	return &HandshakeError{Status: r.http.StatusCode, Section: section, Err: fmt.Errorf(format, args...)}
}

// text returns ": " and the quoted start of a body in plain text, if there is
// one: most servers say there what they did not like.
func (r *response) text() string {
	kind, _, _ := mime.ParseMediaType(r.http.Header.Get("Content-Type"))
	line, _, _ := strings.Cut(strings.TrimSpace(string(r.body)), "\n")
	if kind != "text/plain" || line == "" {
		return ""
	}
	if len(line) > maxBodyLine {
		line = line[:maxBodyLine] + "..."
	}
	return fmt.Sprintf(": %q", line)
}

// verify judges the response to the last request by all of RFC 6455, section 4.1.
// An extension comes last, so that a refusal leaves no session behind.
func (d *dialer) verify(r *response) (ConnOptions, error) {
	if r.http.StatusCode != http.StatusSwitchingProtocols {
		return ConnOptions{}, r.refuse(section41, "server did not switch protocols%s", r.text())
	}
	if !r.http.ProtoAtLeast(1, 1) || r.http.ProtoMajor != 1 {
		return ConnOptions{}, r.refuse("RFC 9110, section 7.8", "server switched protocols in %q, not in HTTP/1.1", r.http.Proto)
	}
	h := r.http.Header
	if v := h.Values("Upgrade"); len(v) != 1 || !equalASCII(v[0], "websocket") {
		return ConnOptions{}, r.refuse(section41, "Upgrade is %.100q, not websocket", few(v))
	}
	if v := h.Values("Connection"); !wire.HasToken(v, "upgrade") {
		return ConnOptions{}, r.refuse(section41, "Connection is %.100q, without Upgrade", few(v))
	}
	want := wire.AcceptKey(d.key)
	switch v := h.Values(fieldAccept); {
	case len(v) > 1:
		return ConnOptions{}, r.refuse("RFC 6455, section 11.3.3", "%d fields Sec-WebSocket-Accept", len(v))
	case len(v) == 0 || v[0] != want:
		return ConnOptions{}, r.refuse(section41, "Sec-WebSocket-Accept is %.100q, not %q", v, want)
	}
	protocol, err := d.verifyProtocol(r)
	if err != nil {
		return ConnOptions{}, err
	}
	extension, session, err := d.verifyExtension(r)
	if err != nil {
		return ConnOptions{}, err
	}
	return ConnOptions{Role: wire.Client, Subprotocol: protocol, Extension: extension, Session: session, Limits: d.limits}, nil
}

// verifyProtocol returns the subprotocol that the server chose, or "".
func (d *dialer) verifyProtocol(r *response) (string, error) {
	switch v := r.http.Header.Values(fieldProtocol); {
	case len(v) == 0:
		return "", nil
	case len(v) > 1:
		return "", r.refuse("RFC 6455, section 11.3.4", "%d fields Sec-WebSocket-Protocol", len(v))
	case !slices.Contains(d.opts.Subprotocols, v[0]):
		return "", r.refuse(section41, "server chose subprotocol %.100q, not one of those offered, %q", v[0], d.opts.Subprotocols)
	default:
		return v[0], nil
	}
}

// verifyExtension returns the extension that the server chose, with its state, if
// any.
func (d *dialer) verifyExtension(r *response) (wire.Offer, wire.Session, error) {
	v := r.http.Header.Values(fieldExtensions)
	if len(v) == 0 {
		return wire.Offer{}, nil, nil
	}
	if len(v) > 1 {
		return wire.Offer{}, nil, r.refuse("RFC 6455, section 11.3.2", "%d fields Sec-WebSocket-Extensions", len(v))
	}
	answers, err := wire.ParseExtensions(v)
	if err != nil {
		return wire.Offer{}, nil, r.refuse("RFC 6455, section 9.1", "Sec-WebSocket-Extensions is %.100q: %w", v[0], fieldCause(err))
	}
	for _, a := range answers {
		if d.offering(a.Name) == nil {
			return wire.Offer{}, nil, r.refuse(section41, "server chose extension %.100q, which was not offered", a.Name)
		}
	}
	if len(answers) != 1 {
		return wire.Offer{}, nil, r.refuse("RFC 6455, section 9.1", "server chose %d extensions: %.100q; one at most can take effect", len(answers), v[0])
	}
	session, err := d.offering(answers[0].Name).Confirm(answers[0])
	if err != nil {
		return wire.Offer{}, nil, r.refuse(section41, "answer to extension %.100q: %w", answers[0].Name, err)
	}
	return answers[0], session, nil
}

// offering returns the first of the extensions that has offered name, or nil.
func (d *dialer) offering(name string) wire.Extension {
	for i, offers := range d.offers {
		if slices.ContainsFunc(offers, func(o wire.Offer) bool { return o.Name == name }) {
			return d.opts.Extensions[i]
		}
	}
	return nil
}
