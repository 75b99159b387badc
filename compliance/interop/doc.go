// Package interop tests permessage-deflate (RFC 7692) with implementations of other projects:
// gws, npm's ws, Python's websockets and Tornado, Jetty 11 and 12, Tyrus, Netty with and
// without jzlib, and Chromium. It also has simulations of two clients that cannot be installed
// here, Safari 15 and websocket-sharp. The package has only tests and is a module, so that no
// other module requires its dependencies.
//
// The rows of testdata/handshakes.txt are the parameter sets to test. They cover each peer in
// each of its roles, with the default options of hawser, without context takeover and with
// other offers. For peers with variable windows they cover windows of 8, 9, 10, 12 and 15
// bits, which are requested by hawser or by the peer. A row has the Sec-WebSocket-Extensions
// fields of the request and the response, verbatim. The test compares them with the handshake
// on the wire and with the peer's report. Then the peer echoes 170 messages. They are similar,
// random, empty, of sizes around the threshold, of 64 KiB and 1 MiB, streamed, and fragmented
// in both directions. Finally one side closes with 1000.
//
// The tests count frames on the wire, below the library. Messages must be compressed. They
// must be smaller with context takeover than without, and the larger the window, the smaller
// the messages.
//
// Some connections must fail, because the peer does not do what was agreed on. A test fails if
// such a connection does not, so that the row, and the sentence about the peer in the
// documentation, can be removed.
//
// # Running
//
//	go run ./compliance/agreement -install -peers \
//		ws,websockets,tornado,jetty11,jetty12,tyrus,netty-setup,netty118
//	cd compliance/interop && HAWSER_INTEROP=require go test -v .
//
// The first command installs the peers of package agreement/peers, at pinned versions, in
// hawser/peers in the user's cache directory. It needs npm, Python 3 with venv, a JDK of
// version 17 or later, and Maven. Chromium must be on PATH.
//
// By default a test skips a peer that is not installed, and tests a sample of the rows: the
// default options, with each peer in each role, but peers in Java only as clients. With
// HAWSER_INTEROP=require all rows are tested, and a peer that is not installed is a failure.
// Everything listens on loopback, on ports that the system chooses.
package interop
