package proc

import "syscall"

// separate describes a process with a process group of its own. It ends with this process.
func separate() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
