// Package socket makes the system calls of a socket itself, within the calls of a syscall.RawConn.
package socket

import (
	"crypto/tls"
	"net"
)

// Queue returns a function that returns how much the TCP socket under TLS has not sent, or nil if
// nc is not TLS over TCP, or if the system does not report it.
func Queue(nc net.Conn) func() int {
	c, ok := nc.(*tls.Conn)
	if !ok {
		return nil
	}
	tcp, ok := c.NetConn().(*net.TCPConn)
	if !ok {
		return nil
	}
	raw := Raw(tcp)
	waiting := func() int {
		n := -1
		if raw != nil {
			_ = raw.Control(func(fd uintptr) { n = queued(fd) })
		}
		return n
	}
	if waiting() < 0 {
		return nil
	}
	return waiting
}
