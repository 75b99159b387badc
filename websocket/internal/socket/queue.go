// Package socket makes the system calls of a socket by itself, within the calls of a
// syscall.RawConn.
package socket

import (
	"crypto/tls"
	"net"
)

// Queue returns a function that tells what the TCP socket under TLS has not sent, or
// nil if nc is not of that kind, or the system does not tell.
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
