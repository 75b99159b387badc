// Package testee provides peers for a conformance suite to test: an echo server, and a client
// that runs all cases of a suite's server. The suite is package suite or the original Autobahn test
// suite, which use the same protocol.
package testee
