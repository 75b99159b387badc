// Package socket makes the system calls of a socket itself, within the calls of a syscall.RawConn.
package socket

import (
	"crypto/tls"
	"net"
)

// Queued returns how much the TCP socket that nc is, or that is under TLS, has not sent, or -1 if
// nc is neither or the system does not report it.
func Queued(nc net.Conn) (n int) {
	if c, ok := nc.(*tls.Conn); ok {
		nc = c.NetConn()
	}
	n = -1
	if tcp, ok := nc.(*net.TCPConn); ok {
		if raw := Raw(tcp); raw != nil {
			_ = raw.Control(func(fd uintptr) { n = queued(fd) })
		}
	}
	return n
}

// Queue returns a function that calls Queued, or nil if nc is not TLS or if Queued returns -1.
func Queue(nc net.Conn) func() int {
	if _, ok := nc.(*tls.Conn); !ok || Queued(nc) < 0 {
		return nil
	}
	return func() int { return Queued(nc) }
}
