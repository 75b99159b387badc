//go:build !race

package socket

import (
	"io"
	"os"
	"syscall"
	"unsafe"
)

// Gathers reports whether WriteBoth makes one system call.
const Gathers = true

// WriteBoth is Write for p followed by tail, neither of which is empty. The system call refers to
// the array on the stack, which does not move during a system call.
func WriteBoth(fd uintptr, p, tail []byte) (n int, again bool, err error) {
	iov := [2]syscall.Iovec{{Base: unsafe.SliceData(p)}, {Base: unsafe.SliceData(tail)}}
	iov[0].SetLen(len(p))
	iov[1].SetLen(len(tail))
	for {
		n, _, errno := syscall.Syscall(syscall.SYS_WRITEV, fd, uintptr(unsafe.Pointer(&iov)), 2)
		switch {
		case errno == syscall.EINTR:
			continue
		case errno == syscall.EAGAIN:
			return 0, true, nil
		case errno != 0:
			return 0, false, os.NewSyscallError("writev", errno)
		case n == 0:
			return 0, false, io.ErrUnexpectedEOF
		}
		return int(n), false, nil
	}
}
