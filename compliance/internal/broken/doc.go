// Package broken has a WebSocket echo server and an echo client that are right
// until they are told to be wrong: each of the defects in [Defects] is one thing
// that the RFCs ask for and that is then not done. They are what the conformance
// suite is tried against, since a suite that has never found a fault proves
// nothing.
//
//	s := &broken.Server{Defect: "pong-empty"}
//	url, err := s.Start()
//	...
//	defer s.Close()
//
// Both are written on the standard library alone and share nothing with packages
// wire, websocket and deflate, whose faults could otherwise hide on both sides of
// a test. They are small rather than fast. The place of each defect is where the
// source asks whether it is there: search for its name.
//
// testdata/original.json tells what the original Autobahn suite says of each
// defect; the program in the directory original makes it.
package broken

import "time"

// What a right peer allows. A message above maxMessage, before or after it is
// inflated, is answered 1009; the floods are answered 1008.
const (
	maxMessage   = 32 << 20 // octets; Autobahn's largest message has 16 MiB
	maxEmpty     = 1024     // empty fragments in a row
	maxControl   = 1000     // control frames with no data frame between
	maxHandshake = 64 << 10 // octets of an opening handshake
)

// Nothing waits longer than this.
const (
	handshakeTimeout = 5 * time.Second
	readTimeout      = 60 * time.Second // for the next octets of an open connection
	writeTimeout     = 30 * time.Second // for a peer that does not read
	closeTimeout     = time.Second      // for the peer's end of a closed connection
)

// maxBomb is what a message may have with the defect deflate-bomb: more than is
// right, but bounded all the same.
const maxBomb = 96 << 20

// slowness is the delay of the defect slow before each message.
const slowness = 1500 * time.Millisecond
