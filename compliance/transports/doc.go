// Package transports tests the timeouts and the cancellation of package websocket over the kinds of net.Conn
// that programs use: pipes in memory, SSH channels, streams of multiplexers, wrapped sockets, and TLS over
// several of them. It also runs golang.org/x/net/nettest on Conn.ByteStream. It has only tests. It is its own
// module because of the libraries that it needs.
package transports
