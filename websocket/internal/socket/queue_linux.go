package socket

import "syscall"

// queued returns the memory, in bytes, of what is unsent or not acknowledged on a TCP socket, or
// -1.
func queued(fd uintptr) int {
	// SO_MEMINFO fills an array of nine words, as far as there is room. The sixth is
	// SK_MEMINFO_WMEM_QUEUED. GetsockoptICMPv6Filter is the one function of package syscall that
	// reads an array of words.
	const soMemInfo = 55
	words, err := syscall.GetsockoptICMPv6Filter(int(fd), syscall.SOL_SOCKET, soMemInfo)
	if err != nil {
		return -1
	}
	return int(words.Data[5])
}
