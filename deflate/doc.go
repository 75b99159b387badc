// Package deflate is permessage-deflate, the compression of messages that RFC 7692
// defines for WebSockets. It is an extension for package wire, which any transport
// can call; package websocket does.
//
// # Terms
//
// The terms are those of RFC 7692. DEFLATE replaces bytes that occurred before by a
// reference to them. The window is how far back a reference may reach, 2^8 to 2^15
// bytes. With context takeover the window continues from message to message, so that a
// message that resembles earlier ones becomes small. Both sides then hold a window
// between messages, one for each direction. Without context takeover each message is
// compressed by itself, and nothing is held. The handshake settles both for each
// direction: the client makes offers, the most wanted first, and the server answers one
// of them or declines.
//
// # Use
//
// Make one [Extension] with [New] or [MustNew] and give it to everything that takes a
// [wire.Extension]: it has the pools, and serves clients and servers at once. Its
// other methods are for transports.
//
// [Options] say how large windows are, whether context is taken over, and below which
// size a message is sent uncompressed. The zero value suits most programs.
//
// # Negotiation
//
// A server accepts the first offer that RFC 7692 allows, and honors all of it. Its
// answer echoes the parameters it must echo: server_max_window_bits, and the
// no_context_takeover parameters that were offered. It adds no other parameter, because
// many clients fail on an answer that has more than they offered, or ignore it. So a
// client may use a window of 32 KiB, of which a connection holds as much as it
// received.
//
// A client makes the offer that browsers make,
//
//	permessage-deflate; client_max_window_bits
//
// and accepts every answer that RFC 7692 allows. An answer to none of its offers fails
// the handshake with an [*Error].
//
// Options that ask a peer for more than that trade interoperability for memory:
// MaxReceiveWindowBits and NoContextTakeover. These peers, among others, do not
// understand all parameters:
//
//	Jetty 11 and 12, Tyrus, Safari 15  ignore client_no_context_takeover that they did not offer,
//	                                   and fail at their second message
//	Jetty 11 and 12, Tyrus (server)    ignore server_max_window_bits
//	Tornado                            ignores parameters without a value
//	Netty (client)                     refuses what it did not offer
//	Netty 4.1.118 without jzlib        agrees to windows below 15 bits, then sends nothing
//	Netty with jzlib                   truncates large messages with windows below 15 bits
//	websocket-sharp                    refuses window sizes
//
// Windows of 256 bytes (8 bits) work in both directions. Many peers use zlib, which
// cannot compress with less than 512 and does so when it is told 256. A connection
// therefore holds at least 512 bytes for a peer.
//
// # Limits
//
// Every call that inflates has the most bytes that it may append, so that the caller
// decides how much a message may become, and nothing is allocated beyond that. A
// message of 64 KiB that would inflate to 64 MiB costs a reader with a limit of 1 MiB
// 2 MiB of allocations in all. Inflating stops where its input ends and goes on in
// the next call, without a goroutine: it does not matter how a message is
// fragmented. What its sender has flushed comes out at once.
//
// Data that DEFLATE does not know is an [*Error]; the connection is to be closed with
// status 1007. Two things are read although the RFC has them otherwise, because
// peers send them: a message that is empty where it should be an octet 0x00, and one
// that lacks this octet behind its last block, where it ends with the block: a final
// block, or a stored one, also that of the octets 0x00 0x00 0xff 0xff that were to be
// cut off. A peer that takes its context over is in error if a reference reaches back
// further than its window, also within a message; without, a reference may reach back
// 32 KiB within its message.
//
// # Memory
//
// A connection holds a window for each direction that takes its context over, and 160
// bytes. The window for messages it sent is 2 KiB unless WindowBits says otherwise. The
// one for messages it received grows with them, up to 32 KiB or MaxReceiveWindowBits.
// After messages of 1 KiB in both directions that is
//
//	                          4 messages  64 messages
//	default                      6.2 KiB     34.2 KiB
//	MaxReceiveWindowBits 11      4.2 KiB      4.2 KiB
//	WindowBits 15                8.2 KiB     64.2 KiB
//	NoContextTakeover            0.2 KiB      0.2 KiB
//
// A connection holds no compressor, which takes about 1 MiB. Compressors and inflaters
// are pooled. A compressor that last served another connection is given the window
// first; one that last served the same connection continues. While a message is open it
// holds its compressor, or an inflater of about 6 KiB; an open message without takeover
// that comes in pieces holds up to 32 KiB more.
//
// # Time
//
// Sending costs this much for each message, which becomes smaller by the factor beside
// it. The windows are those of WindowBits:
//
//	                                         default      512 B     4 KiB    32 KiB
//	JSON, 256 B   connections take turns  8.7 µs 3.3    7.2 2.9  16.5 3.5  18.9 3.8
//	              a connection by itself  1.4 µs 3.8    5.2 2.9   4.5 3.5   1.4 3.8
//	              no takeover             5.7 µs 1.6    6.3 1.7   6.4 1.7         -
//	JSON, 1 KiB   connections take turns   13 µs 4.6     12 3.5    22 4.7    89 4.7
//	              a connection by itself  9.1 µs 4.6   10.5 3.5   8.6 4.7   9.1 4.6
//	              no takeover             9.0 µs 2.9   10.4 3.0  10.3 3.1         -
//	text, 64 KiB  connections take turns  334 µs 2.5    487 2.2   594 2.4   453 2.5
//	              a connection by itself  337 µs 2.5    493 2.2   595 2.4   445 2.5
//	              no takeover             325 µs 2.5    483 2.2   568 2.4         -
//
// The default keeps little and looks far back within a message. A smaller window is
// slower for large messages, because it needs another compressor, and a larger one for
// small messages, because it takes time to enter.
//
// Receiving 1 KiB of JSON takes 3 to 4 µs, where klauspost's reader takes 4.7, and 64
// KiB of text 200 µs, where that takes 273. That reader cannot stop in the middle of its
// input.
//
// The time is in proportion to the bytes, however they are cut. Sending 1 MiB in pieces
// of 16 bytes takes 1.3 times as long with takeover as without.
//
// The figures were measured on an AMD EPYC, one core. These commands measure them:
//
//	go test -run '^$' -bench Table -cpu 1
//	go test -run '^$' -bench 'Decode|Matches|Pieces' -cpu 1
//
// Messages below 128 bytes are sent uncompressed: the compressor looks for no
// references in so few bytes.
//
// # Broadcasts
//
// A message for many connections need not be compressed for each: a session is a
// [wire.SharedSession], and package websocket uses it (Prepare and Conn.WritePrepared).
// Such a message is compressed once for each size of window in use, at most eight
// times. It refers to nothing before it, so that it may go to connections with and
// without takeover, and those with takeover may refer to it from then on. It is as
// large as without takeover: 1 KiB of JSON becomes 2.9 times smaller instead of 4.6. It
// costs a connection 0.1 µs, where to compress it costs 9 to 89 (in the table above).
// The connection's next own message costs what it does where connections take turns.
// This command measures it:
//
//	go test -run '^$' -bench Broadcast -cpu 1
//
// # Security
//
// The length of a compressed message tells something of what is in it. Where a
// message has a secret next to text that an attacker chooses, its lengths over many
// tries give the secret away, also under TLS: that is the attack CRIME, and BREACH
// over HTTP. With context takeover the same holds for all messages of a connection.
// Keep secrets off connections that carry such text; or send what is secret plain,
// which keeps it out of the window too ([wire.MessageInfo].Plain; in package
// websocket, Conn.WritePlain); or switch compression off. NoContextTakeover narrows
// the leak to one message and does not close it (RFC 7692, section 8).
//
// # Specifications
//
//   - RFC 7692, Compression Extensions for WebSocket: https://www.rfc-editor.org/rfc/rfc7692
//   - RFC 1951, DEFLATE: https://www.rfc-editor.org/rfc/rfc1951
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
package deflate
