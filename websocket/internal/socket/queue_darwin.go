package socket

import "syscall"

// queued returns how many bytes a socket has yet to send or to see acknowledged, or -1.
func queued(fd uintptr) int {
	const soNWrite = 0x1024 // SO_NWRITE
	n, err := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, soNWrite)
	if err != nil {
		return -1
	}
	return n
}
