// Package broken provides a WebSocket echo server and an echo client with defects. Without a
// defect, both are correct. Each defect in [Defects] breaks a single requirement of the RFCs.
// The conformance suite is tested against these peers, because a suite that has never found a
// fault proves nothing.
//
//	s := &broken.Server{Defect: "pong-empty"}
//	url, err := s.Start()
//	...
//	defer s.Close()
//
// Both use only the standard library. They share no code with packages wire, websocket and
// deflate, so that a bug there cannot hide on both sides of a test. They are small rather than
// fast. To find the code of a defect, search for its name.
//
// testdata/original.json has the verdicts of the original Autobahn test suite on each defect.
// The program in the directory original writes it.
package broken

import "time"

// Limits of a correct peer. It answers a message above maxMessage, before or after inflation,
// with 1009, and floods with 1008.
const (
	maxMessage   = 32 << 20 // bytes; Autobahn's largest message has 16 MiB
	maxEmpty     = 1024     // empty fragments in a row
	maxControl   = 1000     // control frames with no data frame between
	maxHandshake = 64 << 10 // bytes of an opening handshake
)

// Time limits.
const (
	handshakeTimeout = 5 * time.Second
	readTimeout      = 60 * time.Second // for the next bytes of an open connection
	writeTimeout     = 30 * time.Second // for a peer that does not read
	closeTimeout     = time.Second      // for the peer's end of a closed connection
)

// maxBomb replaces maxMessage for inflated messages with the defect deflate-bomb.
const maxBomb = 96 << 20

// slowness is the delay before each message with the defect slow.
const slowness = 1500 * time.Millisecond
