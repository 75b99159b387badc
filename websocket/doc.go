// Package websocket speaks the WebSocket protocol, RFC 6455, on net/http servers
// and as a client. It depends on the standard library and on package wire, its
// codec.
//
// # Terms
//
// A connection opens with a handshake, an HTTP request and its 101 response.
// Then both sides send messages, text or binary, and it closes with another
// handshake, a close frame from either side. A message may travel in fragments;
// pings, pongs and close frames pass between them. Those words are RFC 6455's.
//
// # What to call
//
// A server puts a [Handler] into its mux, or calls [Accept] in a handler of its
// own. A client calls [Dial]. All three give a [Conn], and so does [NewConn], over any
// stream.
//
//   - [Conn.Messages] is the loop that most programs want; it copies nothing that
//     came in one piece.
//   - [Conn.Read] returns a slice that is the caller's, [Conn.AppendRead] fills one
//     that the caller has, [Conn.Reader] streams.
//   - [Conn.Write] sends a message, [Conn.WriteBuffers] one that lies in several slices,
//     [Conn.Writer] streams one; [Conn.WritePlain] and [Conn.PlainWriter] do so past
//     compression.
//   - [Conn.WritePrepared] sends a message of [Prepare], which is framed and
//     compressed once for many connections.
//   - [Conn.ReadJSON] and [Conn.WriteJSON] do what their names say.
//   - [Conn.Ping] measures the round trip, [Conn.Unsent] what waits to be sent.
//   - [Conn.Close] ends the connection with a code and a reason, [Conn.CloseNow] at
//     once, [Conn.Abort] at once with a cause. [Conn.Closure] tells how it ended.
//   - [Conn.ByteStream] makes it a stream.
//   - [Conn.OnControl] and [Conn.WriteControl] are for protocols with pings, pongs or close
//     frames of their own.
//
// One goroutine reads, any number write. Somebody must read as long as the
// connection lives: whoever reads also answers pings and sees the peer's close.
//
// # Contexts
//
// Every wait takes a context. One that ends does not harm the connection: what a
// read has gathered is kept for the next, a write is either not sent or sent whole,
// and the error says which ([Error.Accepted]); see Transports for exceptions. The error
// of a context is returned to the call that it was given to, with its [context.Cause],
// and to no other. If a context ends because the connection does, as [Conn.Context] and
// its children do, the error is about the connection. Passing the same context to each
// call of a loop costs nothing; a new one for each call, as context.WithTimeout makes,
// costs some hundred nanoseconds.
//
// # Transports
//
// A Conn works over any [net.Conn]. TCP and Unix sockets are fastest. Contexts and
// limits hold on all of them.
//
// If setting a deadline fails, as over a channel of ssh, a goroutine makes each read and
// write of the transport, so that a call that is cut loses nothing, even over TLS. A
// message then counts as accepted once its first write has begun, even if the transport
// takes nothing of it. If a transport accepts deadlines and ignores them, a call that goes
// on for 250 ms after its deadline closes the connection, and the error says so.
//
// Where deadlines work, a write that is cut in the middle ends the connection over TLS,
// and over a transport with timeouts of its own, such as a multiplexer, which may not say
// what it has sent.
//
// # Extensions
//
// Compression is an extension, permessage-deflate (RFC 7692), in a module of its own,
// deflate: give one to AcceptOptions and DialOptions as an element of Extensions.
// Every message then goes through it that the extension wants and that the program
// does not send plain. Limits hold for what comes out of it.
//
// # Errors
//
// What the peer said in its close frame is a [*CloseError]. What this side found is an
// [*Error]. A handshake that failed is a [*HandshakeError]. Look at their causes with
// errors.Is and errors.As: [wire.Error] for a peer that broke a rule or a limit,
// [context.Canceled] and [context.DeadlineExceeded] for the context of the call that
// failed, [io.ErrUnexpectedEOF] for a stream that ended without a close frame,
// [net.ErrClosed] for a connection that has ended.
//
// The first fact wins. A close frame of the peer, or a breach of the protocol, is
// recorded before it is answered, and no later failure replaces it. Every later call
// returns that cause, and so does [context.Cause] of [Conn.Context]. [Conn.Closure]
// returns it with the close frames of both sides, and [CloseStatus] gets the status code
// from any error.
//
// # Security
//
// Origins are checked, so that pages of other sites cannot use a server with their
// visitors' cookies (RFC 6455, section 10.2). The limits in [Limits] are on, but for
// MessageTimeout and Budget: no peer can make a connection hold more than one message
// and some buffers, or make a write or a handshake wait for ever. A [Budget] bounds the
// messages of all connections together. Text is checked. Masking keys and handshake keys
// come from crypto/rand. Redirects are off, and never carry credentials to another host.
//
// # Memory
//
// Over TCP and Unix sockets a connection that waits for its peer holds no buffer: a
// read takes one from a pool when there are bytes to read. Over TLS, on Windows and
// over other transports a waiting read holds one of 18 KiB, which is what a message
// of 16 KiB takes with its header. Over a transport without deadlines it holds one of
// 16 KiB and a goroutine, even after its context has ended.
//
// A message takes memory as it comes, whatever length its frames announce: at most about
// four times what has come, or what an extension has made of that.
//
// What is sent is not kept, with three exceptions: up to 1 MiB of a message that its
// context has cut, until the peer has taken it; what a [MessageWriter] gathers; and
// what a [PreparedMessage] holds, which no connection refers to.
//
// # Specifications
//
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
//   - IANA's registries of close codes, subprotocols and extensions:
//     https://www.iana.org/assignments/websocket
package websocket
