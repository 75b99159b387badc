//go:build !unix

package socket

import (
	"errors"
	"syscall"
)

// Raw returns nil: only the methods of net.Conn are used.
func Raw(syscall.Conn) syscall.RawConn { return nil }

// Read and Write are not called without a RawConn.
func Read(uintptr, []byte) (int, bool, error)  { return 0, false, errors.ErrUnsupported }
func Write(uintptr, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }
