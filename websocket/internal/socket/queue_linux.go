package socket

import "syscall"

// queued returns the memory, in bytes, of what a TCP socket has yet to send or to see
// acknowledged, or -1.
func queued(fd uintptr) int {
	// SO_MEMINFO fills an array of nine words, as far as there is room, and the sixth
	// is SK_MEMINFO_WMEM_QUEUED. Package syscall has one call for arrays of words.
	const soMemInfo = 55
	words, err := syscall.GetsockoptICMPv6Filter(int(fd), syscall.SOL_SOCKET, soMemInfo)
	if err != nil {
		return -1
	}
	return int(words.Data[5])
}
