// Package judges gives the same bytes to this project's parsers and to those of other
// libraries, and compares the results: the messages delivered, how the connection ends,
// and the close code sent; for an opening handshake, whether the request is accepted.
//
// Each difference must have a row in a table, with the library, the difference, and the
// sentence of the RFC that settles which side is right. A test fails for a difference without
// a row, and for a row that no seed exercises. The tables also show users of those libraries
// how hawser differs.
//
// Run the tests with
//
//	go test ./fuzz/judges                           # all seeds
//	go test -fuzz '^FuzzJudges$' ./fuzz/judges      # all seeds, then inputs made from them
//
// Only this module depends on the libraries. It calls their public functions over a
// connection in memory, as a server and as a client. The fork of gorilla/websocket for
// fasthttp has the same parser, so it is not compared.
package judges
