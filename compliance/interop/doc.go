// Package interop tests permessage-deflate (RFC 7692) against peers that others
// wrote: gws, npm's ws, python's websockets, and Chromium. It has tests only, in a
// module of its own, so that nobody else downloads what they need.
//
// testdata/handshakes.txt is the table of the parameter sets: each peer in each of
// its roles, windows of 8, 9, 10, 12 and 15 bits, with context takeover and without,
// asked for by our side or by the peer's. For each it has both Sec-WebSocket-Extensions
// fields to the letter; they are compared with the bytes of the handshake on the wire
// and with what the peer has read. Then 170 messages are echoed: alike, random,
// empty, of sizes about the threshold, of 64 KiB and 1 MiB, streamed, and in fragments
// both ways. Then one side closes with 1000. The frames are counted beneath the
// library: messages must be compressed, smaller with takeover than without, and the
// smaller the larger the window.
//
// # Running
//
//	compliance/interop/peers/install
//	cd compliance/interop && HAWSER_INTEROP=require go test -v .
//
// The script installs ws and websockets, at the versions beside it, into
// $XDG_CACHE_HOME/hawser/interop, or HAWSER_INTEROP_DIR where that is set, and a
// Chromium if none is found. A peer that is not there is skipped, and the tests take a
// sample: what our side asks for, with windows of 12 bits. With HAWSER_INTEROP=require every row is run and a
// missing peer is a failure. Everything listens on the loopback interface, on ports
// that the system chooses.
package interop
