// Package interop tests permessage-deflate (RFC 7692) against peers that others wrote:
// gws, npm's ws, Python's websockets and Tornado, Jetty 11 and 12, Tyrus, Netty with and
// without jzlib, and Chromium; and against two clients that are simulated by their known
// rules, Safari 15 and websocket-sharp. It has tests only, in a module of its own, so that
// nobody else downloads what they need.
//
// testdata/handshakes.txt is the table of the parameter sets: each peer in each of its
// roles, with the default options of hawser, without context takeover, and with other
// offers; and, for peers that size windows, windows of 8, 9, 10, 12 and 15 bits, asked for
// by our side or by the peer's. For each it has both Sec-WebSocket-Extensions fields to the
// letter; they are compared with the bytes of the handshake on the wire and with what the
// peer has read. Then 170 messages are echoed: alike, random, empty, of sizes about the
// threshold, of 64 KiB and 1 MiB, streamed, and in fragments both ways. Then one side
// closes with 1000. The frames are counted beneath the library: messages must be
// compressed, smaller with takeover than without, and the smaller the larger the window.
//
// Some rows must fail, because the peer breaks what was agreed. A peer that no longer does
// so fails the test, so that the row, and what the documentation says of the peer, can go.
//
// # Running
//
//	go run ./compliance/agreement -install -peers ws,websockets,tornado,jetty11,jetty12,tyrus,netty-setup,netty118
//	cd compliance/interop && HAWSER_INTEROP=require go test -v .
//
// The first command installs the peers of package agreement/peers, at pinned versions, into
// hawser/peers in the user's cache directory. It needs npm, Python 3 with venv, a JDK from
// 17 on and Maven. The browser is a Chromium on PATH. A peer that is not there is skipped, and the tests take
// a sample: our default options, with each peer in each role, in Java only as a client.
// With HAWSER_INTEROP=require every row is run and a missing peer is a failure. Everything
// listens on the loopback interface, on ports that the system chooses.
package interop
