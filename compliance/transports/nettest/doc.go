// Package nettest runs golang.org/x/net/nettest, a test that every [net.Conn] should pass, on the net.Conn of
// websocket.Conn.ByteStream. It has only tests. They are in this module because package websocket requires no
// other module than wire.
package nettest
