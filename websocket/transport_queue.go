package websocket

import (
	"crypto/tls"
	"net"
)

// queueOf returns a function that tells what the TCP socket under TLS has not sent, or
// nil if nc is not of that kind, or the system does not tell.
func queueOf(nc net.Conn) func() int {
	c, ok := nc.(*tls.Conn)
	if !ok {
		return nil
	}
	tcp, ok := c.NetConn().(*net.TCPConn)
	if !ok {
		return nil
	}
	raw := rawConn(tcp)
	queue := func() int {
		n := -1
		if raw != nil {
			_ = raw.Control(func(fd uintptr) { n = sysQueue(fd) })
		}
		return n
	}
	if queue() < 0 {
		return nil
	}
	return queue
}
