// Package deflate is permessage-deflate, the compression of messages that RFC 7692
// defines for WebSockets. It is an extension for package wire, which any transport
// can call; package websocket does.
//
// # Terms
//
// The words are those of the RFC. DEFLATE replaces what has stood before by a
// reference to it. A window is how far back a reference may reach, 2^8 to 2^15
// bytes, and both sides keep that much of what was sent. With context takeover the
// window goes on from message to message, so that a message that resembles the ones
// before it becomes small; both sides hold a window between messages, one for each
// direction. Without, each message starts with nothing and nothing is held. A
// handshake settles both for each direction: the client makes offers, the most
// wanted first, and the server answers one of them or declines.
//
// # Use
//
// Make one [Extension] with [New] and give it to everything that takes a
// [wire.Extension]: it has the pools, and serves clients and servers at once. That
// is all. The rest of its methods are for transports.
//
// [Options] say how large the windows are, whether context is taken over, and below
// which size a message goes out plain. The zero value suits most: windows of 4 KiB,
// context taken over, messages from 128 bytes on.
//
// # What is agreed
//
// A server takes the first offer that the RFC allows, and honours all of it. It uses
// the smaller of its own window and what the client asks for, and says so also
// unasked, so that the client can hold less. It sizes the window of a client that
// has said it can, and tells one that has not to take no context over
// ([Options].AllowLargeWindow). The common offers:
//
//	permessage-deflate                          the client's window is 32 KiB, without takeover
//	permessage-deflate; client_max_window_bits  browsers: both windows are 4 KiB, with takeover
//
// A client asks for small windows too. It falls back to a server without takeover,
// and at last to one that does as it likes, for which it holds 32 KiB. An answer
// that is none to its offers fails the handshake, with an [*Error].
//
// Windows of 256 bytes (8 bits) are real in both directions. Many peers use zlib,
// which cannot compress with less than 512 and does so when it is told 256. What is
// held for a peer is therefore never less than 512 bytes.
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
// # Memory and time
//
// A connection holds its windows and 176 bytes: 8.4 KB for windows of 4 KiB, 66 KB
// for windows of 32 KiB, 176 bytes without takeover. It holds no compressor, which
// takes 1 MiB whatever the window. Compressors and inflaters are pooled. A compressor
// that finds itself with another connection's context is given the window first; one
// that comes back to its last connection goes on where it was. So busy connections
// pay little and idle ones hold little. While a message is open it holds its
// compressor, or an inflater of some 6 KiB; an open message without takeover that
// comes in pieces holds up to 64 KiB more.
//
// Sending, for each message: time, ratio, and bytes that a connection holds for it.
// The ways that were tried and not taken stand below the lines.
//
//	JSON, 1 KiB                        window 512 B      4 KiB             32 KiB
//	takeover, connections take turns   16 µs 3.5 0.7 KB  28 µs 4.7 4.3 KB  123 µs 4.9 33 KB
//	takeover, a connection by itself   14 µs 3.5 0.7 KB  11 µs 4.7 4.3 KB   12 µs 4.6 33 KB
//	no takeover                        14 µs 3.0 0.2 KB  14 µs 3.1 0.2 KB   14 µs 3.1 0.2 KB
//	-----
//	takeover, a compressor for each    14 µs 3.5   1 MB  11 µs 4.7   1 MB   12 µs 4.6  1 MB
//	takeover, StatelessDeflate         -                 15 µs 3.7 8.3 KB   23 µs 3.7 8.3 KB
//	takeover, shared, level 1          -                 17 µs 4.1 4.3 KB   -
//	no takeover, StatelessDeflate      -                 -                  12 µs 2.8 0.2 KB
//	no takeover, level 1               -                 -                  11 µs 2.8 0.2 KB
//
//	text, 64 KiB                       window 512 B      4 KiB             32 KiB
//	takeover, connections take turns   634 µs 2.2        777 µs 2.4        1053 µs 2.6
//	takeover, a connection by itself   636 µs 2.2        775 µs 2.4        1045 µs 2.6
//	no takeover                        642 µs 2.2        748 µs 2.4         749 µs 2.5
//	-----
//	takeover, a compressor for each    630 µs 2.2        744 µs 2.4         750 µs 2.5
//	no takeover, StatelessDeflate      -                 -                  420 µs 2.3
//	no takeover, level 1               -                 -                  417 µs 2.4
//
// StatelessDeflate and level 1 know no smaller window than 32 KiB, so that they serve
// a smaller one only while a message and its dictionary fit in it; StatelessDeflate
// also allocates. A text of 64 KiB ends one byte after a block, which makes a
// compressor forget its context; by itself that would cost the next message its
// references, so the window is entered again.
//
// Receiving 1 KiB of JSON takes 4 to 5 µs, where klauspost's reader takes 6, and
// 64 KiB of text 220 to 270 µs, where that takes 330 to 370. It was not used for
// another reason: it cannot stop in the middle of its input.
//
// The figures are those of an AMD EPYC, one core; these commands print them anew:
//
//	go test -run '^$' -bench Table -cpu 1
//	go test -run '^$' -bench Decode -cpu 1
//
// The default windows are 4 KiB because that is where the ratio levels out for
// messages of this kind, and a larger one makes connections that take turns slow.
// Messages below 128 bytes go out plain: the compressor looks for no references in
// so few bytes.
//
// # Broadcasts
//
// A message for many connections need not be compressed for each: a session is a
// [wire.SharedSession], and package websocket uses it (Prepare and Conn.WritePrepared).
// Such a message is compressed once for each size of window in use, at most eight
// times, and refers to nothing before it, so that it may go to connections with and
// without takeover; those with takeover have it in their window from then on. It is
// as large as without takeover: 1 KiB of JSON has a ratio of 3.1 instead of 4.7. It
// costs a connection some 0.2 µs with a window of 4 KiB, and 0.8 with one of 32, where
// to compress it costs 11 to 123 (in the table above); the connection's next own
// message costs what it does where connections take turns. This command measures it:
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
