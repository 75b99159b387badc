// Package wstest helps to test programs that use WebSockets. It needs no network, and works in the
// bubbles of [testing/synctest], where time passes only while everything waits.
//
// [Pair] returns both ends of a connection. [NetDial] lets a client reach an [http.Handler]. A
// [Peer] sends and expects frames as a test tells it, right or wrong ones. [Faults] break or stall
// a connection in the middle. [Pipe] is the transport of all of them.
package wstest
