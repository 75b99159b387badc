// Package websocket implements the WebSocket protocol, RFC 6455: a handler for net/http servers, a
// client, and the connection that both return. It depends only on the standard library and on
// package wire, its codec.
//
// # Terms
//
// The terms are those of RFC 6455. A connection begins with an opening handshake, which is an HTTP
// request and its 101 response. Then both sides send messages, text or binary. The connection ends
// with a closing handshake, in which each side sends a close frame. A message may be divided into
// fragments. Pings, pongs and close frames can be sent between two fragments.
//
// # Overview
//
// A server registers a [Handler] with its mux, or calls [Accept] in its own handler. A client calls
// [Dial]. [NewConn] makes a connection over any stream. All four give a [Conn]:
//
//   - [Conn.Messages] is the loop for most programs. It does not copy a message that arrived in one
//     piece. [Message.Reply] answers messages that arrived together in one write; see [Conn.Flush].
//   - [Conn.Read] returns a message in a new slice. [Conn.AppendRead] appends it to a slice.
//     [Conn.Reader] streams it. [Conn.CloseRead] is for programs that only send.
//   - [Conn.Write] sends a message. [Conn.WriteBuffers] sends several slices as one message.
//     [Conn.Writer] streams a message. [Conn.WritePlain] and [Conn.PlainWriter] skip compression.
//   - [Conn.WritePrepared] sends a message from [Prepare], which is framed and compressed only once.
//   - [Conn.ReadJSON] and [Conn.WriteJSON] decode and encode JSON.
//   - [Conn.Ping] measures the round trip. [Conn.Unsent] returns how many bytes wait to be sent.
//   - [Conn.Close] ends the connection with a code and a reason, [Conn.CloseNow] without a closing
//     handshake, and [Conn.Abort] likewise with a cause. [Conn.Closure] returns how it ended.
//   - A [Group] limits the connections of a server and shuts them down.
//   - [Conn.ByteStream] turns the connection into a [net.Conn].
//   - [Events] are functions for logs and metrics, called as things happen on a connection.
//   - [Conn.OnControl] and [Conn.WriteControl] are for protocols that use pings, pongs or close
//     frames in their own way.
//   - Three packages use only the exported API of this one: fanout broadcasts to many connections,
//     redial keeps a client connected, and wstest replaces the network in tests.
//
// One goroutine may read at a time, and any number may write. Some goroutine must read for as long
// as the connection is open: only a read answers pings and notices the peer's close frame. In a
// program that only sends, CloseRead does that.
//
// If you know gorilla/websocket: [Accept] is Upgrader.Upgrade, [Conn.Read] and [Conn.Reader] are
// ReadMessage and NextReader, [Conn.Write] and [Conn.Writer] are WriteMessage and NextWriter,
// Limits.MaxMessage is SetReadLimit, contexts replace deadlines, Limits.PingInterval replaces a
// ticker and a pong handler, and [Conn.OnControl] the other handlers. If you know coder/websocket:
// [Conn.ByteStream] is NetConn, and ctx = c.CloseRead(ctx) becomes c.CloseRead() and c.Context().
//
// # Contexts
//
// A context bounds every blocking call, and the connection usually survives the end of that
// context. After an interrupted read, the next read continues with the bytes that have arrived. An
// interrupted write is either not sent at all or sent completely later, and [Error.Accepted]
// reports which. In three cases the connection ends: if a write is cut in the middle over TLS or
// another transport that cannot resume it (see Transports), if more than 1 MiB of a write is left
// to send, and if the context of a [MessageWriter] ends after a part of its message was sent.
//
// Only a call that was given a context returns its error, which then matches [context.Cause] too.
// If the context ended because the connection did, as [Conn.Context] and its children do, the error
// is that of the connection. Passing the same context to each call of a loop costs nothing. Passing
// a new one to each call, such as one from context.WithTimeout, costs a few hundred nanoseconds.
//
// # Transports
//
// A Conn works over any [net.Conn]. TCP and Unix sockets are the fastest. Contexts and limits work
// over all of them.
//
// If a transport cannot set deadlines, as with an SSH channel, a goroutine makes each read and
// write of the transport, so that an interrupted call loses nothing, even over TLS. A message then
// counts as accepted once its first write has begun, even if the transport takes none of it. If a
// transport accepts deadlines and ignores them, a call that is still running 250 ms after its
// deadline closes the connection, and the error says so.
//
// Where deadlines work, a write that is cut in the middle ends the connection over TLS, and over a
// transport whose timeout error is not [os.ErrDeadlineExceeded], such as a multiplexer, which may
// not report how much it has sent.
//
// # Keepalive
//
// With Limits.PingInterval, the connection itself pings a peer that is silent, which also keeps
// proxies from closing the connection. If the peer stays silent for Limits.PongTimeout, the
// connection ends with [ErrNoPong]. Any byte that arrives is a sign of life. While no read waits
// for the peer, no ping is sent and silence does not count: a program that takes long over a
// message does not lose its peer. No ping is sent after either side has sent a close frame. The
// pongs do not count against Limits.MaxControls, and [Stats] has the last round trip. In a browser,
// pongs come from the browser, not from the page's script.
//
// # Extensions
//
// Compression is the extension permessage-deflate (RFC 7692), in the separate module deflate. List
// it in the Extensions of AcceptOptions and DialOptions. Messages then pass through the extension,
// unless it declines them or you use WritePlain or PlainWriter. MaxMessage applies to the
// decompressed message.
//
// # Errors
//
// A [*CloseError] is the peer's close frame. An [*Error] is any other failure of an operation. A
// [*HandshakeError] is an opening handshake that failed. Examine their causes with errors.Is and
// errors.As: [wire.Error] for a peer that broke a rule or a limit, [context.Canceled] and
// [context.DeadlineExceeded] for the context of the call that failed, [io.ErrUnexpectedEOF] for a
// stream that ended without a close frame, and [net.ErrClosed] for a connection that has ended.
//
// The first cause of the end is kept. The peer's close frame or protocol violation is recorded
// before it is answered, and no later failure replaces it. Every later call returns that cause, and
// so does [context.Cause] of [Conn.Context]. [Conn.Closure] returns it with the close frames of
// both sides. [CloseStatus] returns the status code with which the connection of an error ended.
//
// # Security
//
// The Origin field is checked by default, so that pages of other sites cannot use a server with the
// cookies of their visitors (RFC 6455, section 10.2). All [Limits] are on by default except
// MaxWriteFrame, MessageTimeout, PingInterval and Budget. A peer cannot make a connection hold more
// than one message and some buffers. Writes to a stalled peer, closing handshakes and this
// package's part of opening handshakes all time out. ReadHeaderTimeout of [http.Server] limits how
// long a client takes to send its request. A [Budget] caps the memory for the messages of all
// connections that share it. Text is validated when it is read. Masking keys and handshake keys
// come from crypto/rand. Redirects are off, and never carry credentials to another host.
//
// # Memory
//
// Over TCP and Unix sockets, a connection that waits for its peer holds no buffer: a read takes one
// from a pool when there are bytes to read. Over TLS, on Windows and over other transports, a
// waiting read holds a buffer of 18 KiB, enough for a message of 16 KiB and its header. Over a
// transport without deadlines, it holds a buffer of 16 KiB and a goroutine instead, even after its
// context has ended.
//
// Memory for a message is allocated as its bytes arrive, whatever length its frames announce. It is
// at most about four times the size of what has arrived or, with an extension, of what has been
// decoded. Without a Budget, a loop over [Conn.Messages] may use as much as the last message did.
//
// Sent bytes are not kept, with four exceptions: up to 1 MiB of a message whose context ended in the
// middle, until the peer has taken it; up to 16 KiB of replies, for a millisecond; the buffer of a
// [MessageWriter]; and the contents of a [PreparedMessage], which no connection references.
//
// # Specifications
//
//   - RFC 6455, The WebSocket Protocol: https://www.rfc-editor.org/rfc/rfc6455
//   - IANA's registries of close codes, subprotocols and extensions:
//     https://www.iana.org/assignments/websocket
package websocket
