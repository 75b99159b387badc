//go:build unix

package main

import (
	"os/exec"
	"syscall"
)

// ownGroup makes the command the first of a process group of its own, and its
// cancelling the end of the whole group: go test's workers are its grandchildren.
func ownGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
