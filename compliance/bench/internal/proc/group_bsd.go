//go:build unix && !linux

package proc

import "syscall"

// separate describes a process with a process group of its own.
func separate() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
