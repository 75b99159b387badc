//go:build unix

package bench

import (
	"net"
	"syscall"
)

// The system takes what a server writes to a connection that does not read, until its buffers are full.
// Small buffers make that soon: they hold less than stallBytes.
const (
	smallBuffer = 8 << 10
	stallBytes  = 64 << 10
)

// A smallBuffers is a TCP listener whose connections have small send buffers.
type smallBuffers struct{ net.Listener }

func (ln smallBuffers) Accept() (net.Conn, error) {
	nc, err := ln.Listener.Accept()
	if err != nil {
		return nil, err
	}
	if err := nc.(*net.TCPConn).SetWriteBuffer(smallBuffer); err != nil {
		nc.Close()
		return nil, err
	}
	return nc, nil
}

// smallReceiveBuffer is a Control function of a net.Dialer. The size must be set before the connection is
// made, or else the first window would be larger.
func smallReceiveBuffer(_, _ string, c syscall.RawConn) (err error) {
	controlErr := c.Control(func(fd uintptr) {
		err = syscall.SetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_RCVBUF, smallBuffer)
	})
	if controlErr != nil {
		return controlErr
	}
	return err
}
