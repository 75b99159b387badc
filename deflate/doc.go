// Package deflate will be permessage-deflate, the compression of messages that
// RFC 7692 defines for WebSockets, as an extension for package wire.
//
// It has no behaviour yet: it exports nothing, and importing it changes
// nothing.
//
// What it is to become. Everything that the RFC lets two peers negotiate is to
// be honoured in both roles: server_no_context_takeover and
// client_no_context_takeover (section 7.1.1), and window sizes of 2^8 to 2^15
// bytes in both directions (section 7.1.2). Inflating is to take a limit in
// every call, so that a few bytes from a peer cannot become many in memory.
//
// It knows wire's extension contract and nothing of package websocket, which
// knows the contract too. The two meet in a user's options only, so whoever
// wants no compression never downloads any.
package deflate

import (
	_ "github.com/hawser-ws/hawser/wire" // the extension contract, to be implemented here
)
