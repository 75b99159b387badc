// Package testee is the tested side of a conformance suite: an echo server, and a
// client that drives itself through a suite's server. A suite is package suite's, or
// the original Autobahn's, which speak the same protocol.
package testee
