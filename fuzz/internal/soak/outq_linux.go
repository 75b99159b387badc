package soak

import (
	"net"
	"syscall"
	"unsafe"
)

// reportsUnacknowledged reports whether unacknowledged works on this system.
const reportsUnacknowledged = true

// unacknowledged returns the number of bytes sent on c that the peer's kernel has not acknowledged
// (SIOCOUTQ, see tcp(7)).
func unacknowledged(c *net.TCPConn) (n int, ok bool) {
	raw, err := c.SyscallConn()
	if err != nil {
		return 0, false
	}
	var queued int32
	errno := syscall.EBADF
	err = raw.Control(func(fd uintptr) {
		_, _, errno = syscall.Syscall(syscall.SYS_IOCTL, fd, syscall.TIOCOUTQ,
			uintptr(unsafe.Pointer(&queued)))
	})
	return int(queued), err == nil && errno == 0
}
