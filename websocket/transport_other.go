//go:build !unix

package websocket

import (
	"errors"
	"syscall"
)

func rawConn(syscall.Conn) syscall.RawConn { return nil }

func sysRead(uintptr, []byte) (int, bool, error)  { return 0, false, errors.ErrUnsupported }
func sysWrite(uintptr, []byte) (int, bool, error) { return 0, false, errors.ErrUnsupported }
