package handshake

import (
	"errors"
	"slices"
	"strconv"

	"github.com/hawser-ws/hawser/wire"
)

// AppendResponse appends the response that accepts the request (RFC 6455, section 4.2.2), after
// Check has returned nil. protocol is one of r.Protocols, or "" to choose none. extensions are
// the server's answers to r.Extensions, usually one or none. [wire.Extension.Accept] makes an
// answer. AppendResponse stores neither: the server itself must then use the subprotocol and
// the extensions.
//
// An error indicates a bug in the server, such as a subprotocol that the client did not offer.
// AppendResponse then returns dst unchanged. dst must not overlap early frames.
//
// To add fields such as Set-Cookie, insert them before the last two bytes, which are the empty
// line.
func (r *Request) AppendResponse(
	dst []byte, protocol string, extensions []wire.ExtensionSpec,
) ([]byte, error) {
	if r.Key == nil {
		return dst, errors.New("handshake: Check has not accepted the request")
	}
	if protocol != "" && !slices.Contains(r.Protocols, protocol) {
		return dst, errors.New("handshake: subprotocol " + strconv.Quote(protocol) + " was not offered")
	}
	for _, x := range extensions {
		if !slices.ContainsFunc(r.Extensions, func(offer wire.ExtensionSpec) bool { return offer.Name == x.Name }) {
			return dst, errors.New("handshake: extension " + strconv.Quote(x.Name) + " was not offered")
		}
	}
	accept := wire.AcceptKey(string(r.Key)) // before dst, which may overlap the head, changes
	b := append(dst, "HTTP/1.1 101 Switching Protocols\r\n"+
		"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: "...)
	b = append(b, accept...)
	if protocol != "" {
		b = append(b, "\r\nSec-WebSocket-Protocol: "...)
		b = append(b, protocol...)
	}
	if len(extensions) > 0 {
		var err error
		b = append(b, "\r\nSec-WebSocket-Extensions: "...)
		if b, err = wire.AppendExtensions(b, extensions); err != nil {
			return dst, err
		}
	}
	return append(b, "\r\n\r\n"...), nil
}

// AppendRefusal appends the response that refuses a request: e's status, with e's reason and
// section as its content. It adds Allow, Upgrade and Sec-WebSocket-Version where the status
// requires them (RFC 9110, sections 15.5.6 and 15.5.22; RFC 6455, section 4.4). To add other
// fields, such as WWW-Authenticate for 401, insert them before the first empty line.
//
// Close the connection after the response. A TCP connection that is closed with unread bytes
// is reset, and the client may lose the response. To avoid that, close only the writing side
// first. Then read until the client closes its side, for a limited time (RFC 9112, section
// 9.6).
func AppendRefusal(dst []byte, e *Error) []byte {
	text, status := e.text(), e.Status
	if status < 400 || status > 599 {
		status = statusInternalError
	}
	dst = append(dst, "HTTP/1.1 "...)
	dst = strconv.AppendInt(dst, int64(status), 10)
	dst = append(dst, ' ')
	dst = append(dst, statusText(status)...)
	switch status {
	case statusMethodNotAllowed:
		dst = append(dst, "\r\nAllow: GET\r\nConnection: close"...)
	case statusUpgradeRequired:
		dst = append(dst, "\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\nSec-WebSocket-Version: 13"...)
	case statusBadRequest: // the version may be missing
		dst = append(dst, "\r\nConnection: close\r\nSec-WebSocket-Version: 13"...)
	default:
		dst = append(dst, "\r\nConnection: close"...)
	}
	dst = append(dst, "\r\nContent-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff"+
		"\r\nContent-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(text)+len("\n")), 10)
	dst = append(dst, "\r\n\r\n"...)
	if e.noContent {
		return dst
	}
	dst = append(dst, text...)
	return append(dst, '\n')
}

// statusText returns the reason phrase of a status, which may be empty (RFC 9112, section 4).
func statusText(status int) string {
	switch status {
	case statusBadRequest:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case statusForbidden:
		return "Forbidden"
	case 404:
		return "Not Found"
	case statusMethodNotAllowed:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case statusURITooLong:
		return "URI Too Long"
	case statusExpectationFailed:
		return "Expectation Failed"
	case statusUpgradeRequired:
		return "Upgrade Required"
	case 429:
		return "Too Many Requests"
	case statusFieldsTooLarge:
		return "Request Header Fields Too Large"
	case statusInternalError:
		return "Internal Server Error"
	case 503:
		return "Service Unavailable"
	case statusVersion:
		return "HTTP Version Not Supported"
	}
	return ""
}
