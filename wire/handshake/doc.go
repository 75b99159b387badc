// Package handshake reads the opening handshake of a client (RFC 6455, section 4.2) from
// bytes and writes the response. It is for servers that accept connections themselves, without
// net/http. Like package wire, it has no connection, goroutine, clock or log.
//
// # Reading a request
//
// [Request.Consume] parses the head of an HTTP/1.1 request: the request line and the header
// fields. Call it with the bytes that have arrived so far. It returns
// [io.ErrUnexpectedEOF] until the head is complete. Each call continues where the last one
// stopped, so the total time is proportional to the size of the head, however the head is
// cut. The results are slices of your buffer, so nothing is allocated.
//
// [Request.Check] then checks that the request is an opening handshake, and that the server
// allows its origin. A server can answer other requests, such as health checks, before it
// calls Check. [Request.AppendResponse] and [AppendRefusal] write the response. Bytes after
// the head are frames that the client has sent early. Pass them to a [wire.Decoder], or to
// NewConn of package websocket.
//
// # Security
//
// Browsers send the cookies of your site with a handshake from any page. A server that
// authenticates clients by cookies, or that trusts its network, must therefore refuse the
// origins that it does not know (RFC 6455, section 10.2). Check refuses every web page that
// its argument does not allow.
//
// This package has no clock, so the caller must limit the time. Set a deadline before the
// first read: a client may send a head one byte at a time.
//
// Consume limits the size of the head and keeps no copy of it. It refuses every request that
// net/http's server refuses. A proxy in front of the server must not see a different head, or
// a different end of the head. Consume therefore also refuses:
//
//   - Content-Length, even 0, and Transfer-Encoding: the bytes of a body could be taken for
//     frames
//   - lines that end in LF without CR, and lines that continue the line before
//   - versions of HTTP other than 1.1
//   - a Host that is empty, or is not a host with an optional port
//   - targets other than a path or an http or https URL
//
// # Specifications
//
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
//   - RFC 9112, HTTP/1.1: https://www.rfc-editor.org/rfc/rfc9112
//   - RFC 9110, HTTP Semantics: https://www.rfc-editor.org/rfc/rfc9110
package handshake
