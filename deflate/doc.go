// Package deflate implements permessage-deflate, the compression of WebSocket messages
// that RFC 7692 defines. It is an extension for package wire, so any transport can use it.
// Package websocket does.
//
// # Terms
//
// The terms are those of RFC 7692. DEFLATE replaces repeated bytes with a reference to
// their earlier occurrence. The window, 2^8 to 2^15 bytes, is how far back a reference may
// reach. With context takeover, a message may refer to earlier messages, so it becomes
// small if it resembles them. Both sides then keep a window between messages, one for each
// direction. Without context takeover, each message is compressed alone and nothing is
// kept. The opening handshake settles the window and context takeover for each direction:
// the client makes offers in order of preference, and the server answers one of them or
// declines.
//
// # Use
//
// Make one [Extension] with [New] or [MustNew] and pass it to everything that takes a
// [wire.Extension]. It owns the pools of compressors, and clients and servers can share it.
// Its methods are for transports.
//
// [Options] set the sizes of windows, whether context is taken over, and the size below
// which a message is sent uncompressed. The zero value suits most programs.
//
// # Negotiation
//
// A server accepts the first offer that is valid by RFC 7692, and honors all of it. Its
// answer has only the parameters that it must repeat: server_max_window_bits, and those
// no_context_takeover parameters that were offered. Many clients fail on an answer with
// other parameters, or ignore the parameters. A client may therefore compress with a
// window of 32 KiB, and the server then keeps up to 32 KiB of the messages it receives.
//
// A client makes the offer that browsers make,
//
//	permessage-deflate; client_max_window_bits
//
// and accepts every answer that RFC 7692 allows. An answer that matches no offer fails the
// opening handshake with an [*Error].
//
// MaxReceiveWindowBits and NoContextTakeover add parameters to offers and answers. They
// save memory at the cost of interoperability, because some peers do not support all
// parameters:
//
//	Jetty 11 and 12, Tyrus, Safari 15  ignore client_no_context_takeover unless they offered it,
//	                                   and fail at their second message
//	Jetty 11 and 12, Tyrus (server)    ignore server_max_window_bits
//	Tornado                            ignores parameters without a value
//	Netty (client)                     refuses parameters that it did not offer
//	Netty 4.1.118 without jzlib        agrees to windows below 15 bits, then sends nothing
//	Netty with jzlib                   truncates large messages with windows below 15 bits
//	websocket-sharp                    refuses window sizes
//
// Windows of 8 bits (256 bytes) work in both directions. zlib, which many peers use, cannot
// compress with such a window and uses 512 bytes instead. A connection therefore accepts
// references of 512 bytes from every peer.
//
// # Limits
//
// Each call that decompresses takes the number of bytes that it may append, so the caller
// decides how large a message may become. The output does not grow beyond that. If, for
// example, a message of 64 KiB would inflate to 64 MiB, a reader with a limit of 1 MiB
// allocates less than 4 MiB in total. Decompression stops where its input ends and resumes
// in the next call, without a goroutine, however a message is fragmented. Everything that
// the sender has flushed is returned at once.
//
// Invalid DEFLATE data returns an [*Error]. The connection should then be closed with
// status 1007. For interoperability, two invalid forms are accepted. An empty message may
// have an empty payload, where the RFC requires the byte 0x00. A message may end with its
// last block, without the byte 0x00 that must follow, if that block is a final block or a
// stored one. This includes messages whose tail, 0x00 0x00 0xff 0xff, was not removed.
//
// With context takeover, a reference that reaches back further than the agreed window (or
// 512 bytes, if the window is smaller) is an error, even within a message. Without context
// takeover, a reference may reach back 32 KiB within its message.
//
// # Memory and time
//
// A connection keeps about 160 bytes, and a window for each direction with context
// takeover. The window of sent messages is 2 KiB unless WindowBits sets another size. The
// window of received messages grows with them up to 32 KiB, or up to 2^MaxReceiveWindowBits
// bytes. By default a connection thus keeps up to 34 KiB. With NoContextTakeover, if the
// peer agrees to it, a connection keeps no window.
//
// Compressors (about 1 MiB each) and inflaters (about 6 KiB each) are pooled. A connection
// has one only while a message is open in that direction. An open message without context
// takeover that arrives in pieces keeps up to 32 KiB more.
//
// The default keeps little memory and still refers far back within a message. A smaller
// WindowBits is slower for large messages, because it needs another kind of compressor. A
// larger one is slower for small messages, because a compressor that last served another
// connection must load the window first.
//
// Messages below 128 bytes are sent uncompressed by default, because the compressor does
// not look for references in so few bytes.
//
// For figures, see https://github.com/hawser-ws/hawser/blob/main/compliance/bench/README.md.
//
// # Broadcasts
//
// A message for many connections can be compressed once instead of once for each
// connection: a session is a [wire.SharedSession], which package websocket uses in Prepare
// and Conn.WritePrepared. Such a message is compressed once for each window size in use, at
// most eight times. It refers to no earlier message, so that connections with and without
// context takeover can send it, and is therefore as large as without context takeover.
// Later messages may refer to it.
//
// # Security
//
// The length of a compressed message reveals something about its contents. If a message
// contains a secret next to text that an attacker chooses, the attacker can learn the
// secret from the lengths of many messages, even over TLS. This attack is known as CRIME
// or, against HTTP responses, as BREACH. With context takeover, it also works if the secret
// and the text are in different messages of a connection. There are three remedies: keep
// secrets off connections that carry such text, turn compression off, or send secrets
// uncompressed, which also keeps them out of the window ([wire.MessageInfo].Plain, or
// Conn.WritePlain in package websocket). NoContextTakeover narrows the leak to one message
// but does not close it (RFC 7692, section 8).
//
// # Specifications
//
//   - RFC 7692, Compression Extensions for WebSocket: https://www.rfc-editor.org/rfc/rfc7692
//   - RFC 1951, DEFLATE: https://www.rfc-editor.org/rfc/rfc1951
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
package deflate
