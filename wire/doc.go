// Package wire reads and writes the WebSocket protocol (RFC 6455) as bytes. It has
// no connection, goroutine, clock or log: bytes go in, frames and errors come out.
// It works with any transport.
//
// # Terms
//
// The terms are those of RFC 6455. A message is text or binary and is sent as one or
// more data frames, its fragments. The first fragment has the opcode text or binary,
// the others have the opcode continuation, and the last one has the FIN bit set.
// Control frames (close, ping and pong) are short, are never fragmented, and may be
// sent between the fragments of a message. A client masks its frames; a server does
// not. The three reserved bits, RSV1 to RSV3, belong to extensions such as
// permessage-deflate (RFC 7692).
//
// # Layers
//
// The package has three layers. Each is useful alone.
//
// Pure functions read from the start of a slice or append to one:
// [ConsumeHeader] and [AppendHeader], [ConsumeClose] and [AppendClose], [Mask],
// [AcceptKey], and the grammar of the Sec-WebSocket header fields,
// [ParseExtensions], [AppendExtensions] and [ParseProtocols]. ConsumeHeader returns
// [io.ErrUnexpectedEOF] for a header that is incomplete.
//
// [Decoder] decodes the bytes of a peer, which may arrive in pieces of any size. It
// returns frames and pieces of payload in place, without copying them. Only the payload
// of a control frame that arrives in several pieces is copied. A Decoder enforces every
// rule of the protocol: masking, reserved bits and opcodes, fragmentation, the shortest
// form of lengths, UTF-8 (unless AllowInvalidUTF8 is set), and limits on what a peer may
// send.
//
// [Encoder] appends frames to a slice and enforces the same rules for the frames that a
// program sends, except that it does not check text and has no limits.
//
// [Extension], [Session] and the interfaces around them are the contract between a
// transport and an extension. Package deflate implements the contract and package
// websocket uses it. Neither imports the other.
//
// Package handshake, below this one, reads the request of the opening handshake and writes
// the response. Package websocket leaves that to net/http.
//
// On amd64 processors with AVX2, [Mask] and [UTF8] use assembly for all but short slices. The
// build tag purego turns it off, as do TinyGo and the race detector.
//
// # Errors
//
// Input that breaks a rule is reported as an [*Error]. It says which rule was broken
// (a [Violation], to compare with errors.Is), at which byte, in which section of RFC
// 6455, and with which status code to close the connection.
//
// # Security
//
// No input from a peer makes this package panic, and no length that a peer announces
// determines the size of an allocation: a Decoder allocates only its errors. A Decoder
// has limits by default; see [Decoder].
//
// The caller supplies masking keys. Each frame needs a new one from a strong source of
// entropy such as crypto/rand (RFC 6455, section 10.3). Timeouts and the check of a
// request's Origin (section 10.2) are also up to the caller, because they need a
// connection.
//
// # Testing
//
// Package wiretest has some three thousand streams, valid and invalid, with the
// frames and the error that a decoder must return for each. The tests of this package
// decode each stream cut at many places. Tests of a transport can use the streams, too.
//
// # Specifications
//
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
//   - RFC 7692, Compression Extensions for WebSocket: https://www.rfc-editor.org/rfc/rfc7692
//   - RFC 3629, UTF-8: https://www.rfc-editor.org/rfc/rfc3629
package wire
