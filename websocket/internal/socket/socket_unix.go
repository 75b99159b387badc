//go:build unix

package socket

import (
	"io"
	"os"
	"syscall"
)

// Raw returns the system's handle of c, or nil if there is none.
func Raw(c syscall.Conn) syscall.RawConn {
	rc, err := c.SyscallConn()
	if err != nil {
		return nil
	}
	return rc
}

// Read reads from a nonblocking socket. again reports that there is nothing to read yet. n is 0 at
// the end of the stream.
func Read(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err = syscall.Read(int(fd), p)
		switch err {
		case nil:
			return n, false, nil
		case syscall.EAGAIN:
			return 0, true, nil
		case syscall.EINTR:
			continue
		}
		return 0, false, os.NewSyscallError("read", err)
	}
}

// Write writes to a nonblocking socket as much as it takes.
func Write(fd uintptr, p []byte) (n int, again bool, err error) {
	for {
		n, err = syscall.Write(int(fd), p)
		switch err {
		case nil:
			if n == 0 {
				return 0, false, io.ErrUnexpectedEOF
			}
			return n, false, nil
		case syscall.EAGAIN:
			return 0, true, nil
		case syscall.EINTR:
			continue
		}
		return 0, false, os.NewSyscallError("write", err)
	}
}
