// Package transports checks that package websocket keeps its promises about time on
// every net.Conn that programs put under it: pipes in memory, channels of ssh, streams
// of multiplexers, listeners that wrap their connections, and TLS in several layers.
// It has tests alone. It is a module of its own because of the libraries that it needs.
package transports
