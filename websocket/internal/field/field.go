// Package field checks and writes the header fields of an opening handshake.
package field

import (
	"fmt"
	"maps"
	"net/http"
	"net/textproto"
	"slices"
	"strings"

	"github.com/hawser-ws/hawser/wire"
)

// IsHandshake reports whether name is a Sec-WebSocket field, ignoring case.
func IsHandshake(name string) bool {
	const prefix = "Sec-WebSocket-"
	return len(name) >= len(prefix) && EqualASCII(name[:len(prefix)], prefix)
}

// HandshakeSize returns the size of the Sec-WebSocket fields of h in bytes.
func HandshakeSize(h http.Header) (size int64) {
	for name, values := range h {
		if !IsHandshake(name) {
			continue
		}
		for _, v := range values {
			size += int64(len(name) + len(": \r\n") + len(v))
		}
	}
	return size
}

// HasBody reports whether the header of a request announces a body, which could be taken for
// frames. A chunked body may turn out to be empty, and is then accepted: vert.x and Envoy, as
// proxies, send such a body, although the body of a GET has no meaning (RFC 9110, section 9.3.1).
func HasBody(r *http.Request) bool {
	if slices.Equal(r.TransferEncoding, []string{"chunked"}) {
		return len(r.Header["Expect"]) > 0
	}
	return r.ContentLength != 0 || len(r.TransferEncoding) > 0
}

// IsReserved reports whether a field, ignoring case, is one of the handshake itself or is about the
// length of a body, which a 101 must not have (RFC 9110, section 8.6).
func IsReserved(name string) bool {
	switch textproto.CanonicalMIMEHeaderKey(name) {
	case "Connection", "Upgrade", "Content-Length", "Transfer-Encoding", "Trailer":
		return true
	}
	return IsHandshake(name) || strings.HasPrefix(name, http.TrailerPrefix)
}

// Check returns an error for a field that would corrupt a header: its name is not a token, or a
// value has a control character (RFC 9110, section 5.5).
func Check(name string, values []string) error {
	if !wire.IsToken(name) {
		return fmt.Errorf("the name %q is not a token", name)
	}
	for _, v := range values {
		for i := range len(v) {
			if c := v[i]; c < ' ' && c != '\t' || c == 0x7f {
				return fmt.Errorf("the value of %s has the control character %q", name, c)
			}
		}
	}
	return nil
}

// EqualASCII reports whether s equals the ASCII string t, ignoring case. EqualFold alone would
// match the Kelvin sign with k, but that sign is longer.
func EqualASCII(s, t string) bool {
	return len(s) == len(t) && strings.EqualFold(s, t)
}

// AppendAll appends the fields of h that are not reserved, sorted by name.
func AppendAll(dst []byte, h http.Header) []byte {
	if len(h) == 0 {
		return dst // slices.Sorted would allocate
	}
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if IsReserved(name) {
			continue
		}
		for _, v := range h[name] {
			dst = Append(dst, name, v)
		}
	}
	return dst
}

// Append appends a field.
func Append[T string | []byte](dst []byte, name string, value T) []byte {
	dst = append(dst, name...)
	dst = append(dst, ": "...)
	dst = append(dst, value...)
	return append(dst, "\r\n"...)
}
