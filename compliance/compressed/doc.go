// Package compressed tests package websocket with package deflate plugged in: bombs,
// the rules of RFC 7692 as a peer sees them, mixed streams and memory. It has
// no code of its own. The tests stand in this module because websocket and deflate
// do not know each other.
//
// In all tests one side is a Conn. The other is played in bytes, and what it sends
// and gets is made and judged by compress/flate or by hand.
package compressed
