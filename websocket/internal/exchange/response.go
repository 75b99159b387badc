package exchange

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/textproto"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

const (
	// MaxBody is how many bytes of the body of a refusal are kept.
	MaxBody = 1 << 10

	// BodyTimeout is how long to wait for the body of a refusal.
	BodyTimeout = time.Second

	// maxSkipped is how many more bytes of the body are read so that the connection can be used
	// again. The pages with which proxies ask for credentials have a few kilobytes.
	maxSkipped = 64 << 10
)

// A Response is the final response to a request, and the bytes that were read beyond its header.
type Response struct {
	HTTP *http.Response // its Body is in memory
	Body []byte         // the body of a refusal, at most MaxBody bytes
	Rest []byte         // bytes after a response that hands the connection over

	usable bool // the connection can be used for another request
}

// rewind sets the Body of r.HTTP, which may have been read, to its beginning.
func (r *Response) rewind() { r.HTTP.Body = io.NopCloser(bytes.NewReader(r.Body)) }

// opens reports whether the response hands the connection over, as req asks.
func (r *Response) opens(req *http.Request) bool {
	return opensConn(req, r.HTTP.StatusCode)
}

func opensConn(req *http.Request, status int) bool {
	return status == http.StatusSwitchingProtocols || status/100 == 2 && req.Method == http.MethodConnect
}

// read reads the response to req from nc: a header of at most limit bytes, or of any size if limit
// is negative. Interim responses, such as 103, are skipped, but their bytes count. If keep is set,
// it also reads the end of the body of a refusal, if that is near.
func read(
	nc net.Conn, req *http.Request, limit int64, drop func(net.Conn), keep bool,
) (*Response, error) {
	src := &headerReader{src: nc, left: limit}
	br := bufio.NewReader(src)
	trace := traceOf(req.Context())
	if trace.GotFirstResponseByte != nil {
		if _, err := br.Peek(1); err == nil {
			trace.GotFirstResponseByte()
		}
	}
	for {
		resp, err := http.ReadResponse(br, req)
		if src.over { // net/http may report another error
			return nil, fmt.Errorf("its header is larger than Limits.MaxResponseHeader, %d bytes", limit)
		}
		if err != nil {
			return nil, brief(err)
		}
		switch code := resp.StatusCode; {
		case opensConn(req, code):
			rest, _ := br.Peek(br.Buffered())
			resp.Body = http.NoBody
			return &Response{HTTP: resp, Rest: slices.Clone(rest)}, nil
		case code/100 == 1:
			if trace.Got1xxResponse != nil {
				if err := trace.Got1xxResponse(code, textproto.MIMEHeader(resp.Header)); err != nil {
					return nil, err
				}
			}
			continue
		}
		src.left = -1
		late := time.AfterFunc(BodyTimeout, func() { drop(nc) })
		defer late.Stop()
		// An error does not matter. The part that could be read is enough.
		r := &Response{HTTP: resp}
		r.Body, _ = io.ReadAll(io.LimitReader(resp.Body, MaxBody))
		if keep && persists(resp) {
			_, err := io.CopyN(io.Discard, resp.Body, maxSkipped)
			r.usable = err == io.EOF && br.Buffered() == 0
		}
		r.rewind()
		return r, nil
	}
}

// persists reports whether a proxy keeps the connection open after resp (RFC 9112, section 9.3).
// Some proxies say so in a Proxy-Connection field.
func persists(resp *http.Response) bool {
	old := resp.Header["Proxy-Connection"]
	if resp.Close {
		return !resp.ProtoAtLeast(1, 1) && resp.ContentLength >= 0 && wire.HasToken(old, "keep-alive")
	}
	return !wire.HasToken(old, "close")
}

// A headerReader returns io.EOF after left bytes, and sets over if more are requested. A negative
// left means no limit.
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

// brief shortens errors of net/http, which may quote a whole line of a peer.
func brief(err error) error {
	const most = 200
	if text := err.Error(); len(text) > most {
		return errors.New(strings.ToValidUTF8(text[:most], "") + "...")
	}
	return err
}

// IsRedirect reports whether resp is a server's redirect. A proxy's response to CONNECT never is.
func IsRedirect(resp *http.Response) bool {
	if resp == nil || resp.Request.Method != http.MethodGet {
		return false
	}
	switch resp.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther,
		http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		return true
	}
	return false
}
