// Package nettest holds the net.Conn adapter of package websocket to
// golang.org/x/net/nettest, the test that any [net.Conn] should pass. It has no
// code of its own: the test stands in this module so that package websocket needs
// no other module but wire.
package nettest
