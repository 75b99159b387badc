// Package compressed tests package websocket with package deflate: decompression bombs, the rules of RFC
// 7692 as a peer sees them, mixed streams, and memory. It has only tests. They are in this module because
// websocket and deflate do not import each other.
//
// In each test, one side is a Conn. The other side is a peer that sends bytes made by compress/flate or by
// hand, and checks the bytes that it receives in the same way.
package compressed
