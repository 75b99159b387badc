package socket

import "syscall"

// queued returns how many bytes of a socket are unsent or not acknowledged, or -1.
func queued(fd uintptr) int {
	const soNWrite = 0x1024 // SO_NWRITE
	n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, soNWrite)
	if err != nil {
		return -1
	}
	return n
}
