// Package wire reads and writes the WebSocket protocol as bytes: RFC 6455
// without its sockets. It has no connection, no goroutine, no clock and no log;
// bytes go in, frames and errors come out. Embed it in any transport.
//
// # Terms
//
// The words are those of RFC 6455. A message is text or binary and travels in
// one or more data frames, its fragments: the first carries the opcode text or
// binary, the others are continuations, and the last has FIN set. Control frames
// (close, ping, pong) are single and short and may stand between fragments. What
// a client sends is masked. The three reserved bits, RSV1 to RSV3, belong to
// extensions such as permessage-deflate (RFC 7692).
//
// # Layers
//
// There are three, and each is of use alone.
//
// Pure functions read from the start of a slice or append to one:
// [ConsumeHeader] and [AppendHeader], [ConsumeClose] and [AppendClose], [Mask],
// [AcceptKey], and the grammar of the Sec-WebSocket header fields,
// [ParseExtensions], [AppendExtensions] and [ParseProtocols]. A slice that ends
// too early is [io.ErrUnexpectedEOF].
//
// [Decoder] takes the bytes of a peer as they come, in pieces of any size, and
// yields frames and pieces of payload in place, without a copy. It holds every
// rule of the protocol: who masks, which bits and opcodes are allowed, how
// messages are fragmented, that lengths are in their shortest form, that text is
// UTF-8 up to the last byte seen (unless AllowInvalidUTF8 is set), and how much a
// peer may send.
//
// [Encoder] appends frames to a slice and holds the same rules for our side.
//
// [Extension], [Session] and their parts are the contract between a transport and
// an extension. Package deflate implements it and package websocket calls it;
// neither knows the other.
//
// # Errors
//
// Input that breaks a rule is an [*Error]. It says which rule ([Violation], to
// compare with errors.Is), at which byte, in which section of RFC 6455, and with
// which status code to close the connection.
//
// # Security
//
// Nothing a peer sends makes this package panic, and no length it announces
// sizes an allocation: a Decoder allocates only its errors. A Decoder has limits
// by default; [Decoder] lists them. Masking keys must come from the caller, from
// a source of strong entropy such as crypto/rand, new for each frame (RFC 6455,
// section 10.3). Two things are left to the caller because they need a
// connection: bounds in time, and the check of a request's Origin (section 10.2).
//
// # Testing
//
// Package wiretest holds some thousand streams, good and bad, with the frames and
// the error that each must lead to. The tests of this package read them in every
// chop; a transport can send them to itself.
//
// # Specifications
//
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
//   - RFC 7692, Compression Extensions for WebSocket: https://www.rfc-editor.org/rfc/rfc7692
//   - RFC 3629, UTF-8: https://www.rfc-editor.org/rfc/rfc3629
package wire
