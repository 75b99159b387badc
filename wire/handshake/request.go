package handshake

import (
	"bytes"
	"io"
	"iter"

	"github.com/hawser-ws/hawser/wire"
)

// DefaultMaxSize is the limit of a head, in bytes, if [Request.MaxSize] is 0.
const DefaultMaxSize = 8 << 10

// A Request is the head of an HTTP request. The zero value is ready for Consume, which sets
// Method, Target and Host. Check sets Key, Origin, Protocols and Extensions.
//
// Method, Target, Host, Key and Origin, and the slices that Fields yields, are parts of the
// argument of the last Consume. They are valid as long as those bytes do not change.
type Request struct {
	// MaxSize limits the head, in bytes, including the empty line at its end. Set it
	// before the first Consume. 0 means DefaultMaxSize. A negative value means no limit,
	// so that only the size of your buffer limits the head.
	MaxSize int

	// Method is the method, such as "GET".
	Method []byte

	// Target is the resource name (RFC 6455, section 3): a path that begins with "/",
	// and the query, such as "/chat?room=1". Escapes are valid, but are not decoded.
	Target []byte

	// Host is the value of the Host field, or the host of the request target if that is
	// a URL (RFC 9112, section 3.2.2): a host and an optional port. It is never empty.
	Host []byte

	// Key is the Sec-WebSocket-Key.
	Key []byte

	// Origin is the origin of the web page that opens the WebSocket, such as
	// "https://example.com". It is nil if the client did not send it.
	Origin []byte

	// Protocols has the subprotocols that the client offers, by preference.
	Protocols []string

	// Extensions has the extensions that the client offers, by preference.
	Extensions []wire.ExtensionSpec

	line     int    // where the first incomplete line begins
	searched int    // how many bytes have been searched for the end of that line
	first    int    // the size of the request line
	hosts    int    // how many Host fields there are
	whole    bool   // the head is complete: it ends at line
	err      error  // final
	fields   []byte // the lines of the fields
}

// Consume parses the head of a request. b must begin with the first byte of the request and
// contain all the bytes that have arrived so far. It may be a different slice in each call,
// but must not become shorter. If the head is incomplete, Consume returns
// [io.ErrUnexpectedEOF]: read more and call it again. If the head is complete, Consume
// returns its size n. Early frames of the client may follow in b[n:]. Otherwise, Consume
// returns an [*Error]. The result does not depend on how the head was cut.
//
// After a complete head, the next call reads the head of another request. After an Error,
// every call returns that Error.
//
// The status of an Error is
//
//   - 400 if the head violates RFC 9112, or announces a body
//   - 414 or 431 if the request line or the head is larger than MaxSize
//   - 417 if it has an Expect other than 100-continue
//   - 426 if the version is HTTP/1.0, which has no Upgrade
//   - 505 if the version is neither HTTP/1.1 nor HTTP/1.0
func (r *Request) Consume(b []byte) (n int, err error) {
	if r.err != nil {
		return 0, r.err
	}
	if r.whole {
		*r = Request{MaxSize: r.MaxSize}
	}
	if err := r.scan(b); err != nil {
		if err != io.ErrUnexpectedEOF {
			r.err = err
		}
		return 0, err
	}
	r.whole = true
	r.slice(b)
	return r.line, nil
}

// scan checks the lines that have become complete. It returns nil if the empty line at the
// end of the head is among them.
func (r *Request) scan(b []byte) error {
	limit := r.MaxSize
	if limit == 0 {
		limit = DefaultMaxSize
	}
	if limit > 0 && len(b) > limit {
		b = b[:limit]
	}
	for {
		i := bytes.IndexByte(b[r.searched:], '\n')
		if i < 0 {
			r.searched = len(b)
			if limit < 0 || len(b) < limit {
				return io.ErrUnexpectedEOF
			}
			return r.tooLarge()
		}
		start, end := r.line, r.searched+i
		r.line, r.searched = end+1, end+1
		if end == start || b[end-1] != '\r' {
			return badRequest("RFC 9112, section 2.2", "line does not end in CRLF")
		}
		line := b[start : end-1]
		var e *Error
		switch {
		case start == 0:
			_, _, _, e = parseRequestLine(line)
			r.first = r.line
		case len(line) > 0:
			e = r.checkField(line)
		case r.hosts == 0:
			e = badRequest(section32, "Host is missing")
		default:
			return nil
		}
		if e != nil {
			return e
		}
	}
}

func (r *Request) tooLarge() *Error {
	if r.line == 0 {
		return refuse(statusURITooLong, "RFC 9112, section 3", "request line is too long")
	}
	return refuse(statusFieldsTooLarge, "RFC 6585, section 5", "header fields are too large")
}

// slice sets the fields of r that Consume sets. scan has checked b.
func (r *Request) slice(b []byte) {
	r.fields = b[r.first : r.line-len("\r\n")]
	r.Method, r.Host, r.Target, _ = parseRequestLine(b[:r.first-len("\r\n")])
	if r.Host != nil {
		return
	}
	for name, value := range r.Fields() {
		if equalFold(name, "Host") {
			r.Host = value
			return
		}
	}
}

// parseRequestLine parses the first line (RFC 9112, section 3). host is nil unless the target
// is a URL.
func parseRequestLine(line []byte) (method, host, resource []byte, e *Error) {
	method, rest, _ := bytes.Cut(line, []byte{' '})
	target, version, ok := bytes.Cut(rest, []byte{' '})
	switch {
	case !ok || !isToken(method) || !isVersion(version):
		return nil, nil, nil, badRequest("RFC 9112, section 3", "malformed request line")
	case string(version) == "HTTP/1.0": // its Upgrade must be ignored
		return nil, nil, nil, refuse(statusUpgradeRequired, "RFC 9110, section 7.8", "HTTP/1.1 is needed")
	case string(version) != "HTTP/1.1":
		return nil, nil, nil, refuse(statusVersion, "RFC 9110, section 15.6.6", "HTTP/1.1 is needed")
	}
	host, resource, e = parseTarget(target)
	return clip(method), clip(host), clip(resource), e
}

// isVersion reports whether b is an HTTP version (RFC 9112, section 2.3).
func isVersion(b []byte) bool {
	return len(b) == len("HTTP/1.1") && string(b[:5]) == "HTTP/" && b[6] == '.' &&
		classes[b[5]]&classes[b[7]]&digitByte != 0
}

// checkField checks the line of a field, which is not empty.
func (r *Request) checkField(line []byte) *Error {
	name, value, ok := bytes.Cut(line, []byte{':'})
	switch {
	case isBlank(line[0]):
		return badRequest("RFC 9112, section 5.2", "line begins with white space")
	case !ok:
		return badRequest("RFC 9112, section 5", "line has no colon")
	case len(name) > 0 && isBlank(name[len(name)-1]):
		return badRequest("RFC 9112, section 5.1", "white space between a field name and the colon")
	case !isToken(name):
		return badRequest("RFC 9110, section 5.1", "field name is not a token")
	case !consistsOf(value, valueByte):
		return badRequest("RFC 9110, section 5.5", "control character in a field value")
	case equalFold(name, "Content-Length"), equalFold(name, "Transfer-Encoding"):
		return badRequest("RFC 9110, section 9.3.1", "a request with a body cannot open a WebSocket")
	case equalFold(name, "Expect") && !equalFold(trim(value), "100-continue"):
		return refuse(statusExpectationFailed, "RFC 9110, section 10.1.1", "Expect must be 100-continue")
	case equalFold(name, "Host"):
		r.hosts++
		if r.hosts > 1 || !isHost(trim(value)) {
			return badRequest(section32, "Host must be one host with an optional port")
		}
	}
	return nil
}

// Fields returns an iterator over the names and values of the fields, in the order in which
// they were sent. Values have no white space around them. Names are as the client has
// written them, but their case has no meaning: compare them with [bytes.EqualFold].
func (r *Request) Fields() iter.Seq2[[]byte, []byte] {
	return func(yield func(name, value []byte) bool) {
		for rest := r.fields; len(rest) > 0; {
			end := bytes.IndexByte(rest, '\n')
			name, value, _ := bytes.Cut(rest[:end-1], []byte{':'})
			if !yield(clip(name), clip(trim(value))) {
				return
			}
			rest = rest[end+1:]
		}
	}
}
