package socket

import (
	"crypto/tls"
	"net"
)

// HasDeadlines reports whether nc is a socket, or TLS over one, whose deadlines are known to work.
func HasDeadlines(nc net.Conn) bool {
	switch c := nc.(type) {
	case *net.TCPConn, *net.UnixConn:
		return true
	case *tls.Conn:
		return HasDeadlines(c.NetConn())
	}
	return false
}

// TLSState returns the state of the TLS connection that nc is, or that its NetConn method returns,
// or nil.
func TLSState(nc net.Conn) *tls.ConnectionState {
	for nc != nil {
		switch c := nc.(type) {
		case interface{ ConnectionState() tls.ConnectionState }:
			s := c.ConnectionState()
			return &s
		case interface{ NetConn() net.Conn }:
			nc = c.NetConn()
		default:
			return nil
		}
	}
	return nil
}
