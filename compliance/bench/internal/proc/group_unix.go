//go:build unix

package proc

import (
	"os/exec"

	"golang.org/x/sys/unix"
)

// Separate gives a command that has not started a process group of its own. The signal of ^C does not reach it.
func Separate(cmd *exec.Cmd) { cmd.SysProcAttr = separate() }

// KillGroup kills the processes of a command that was separate.
func KillGroup(cmd *exec.Cmd) { _ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL) }
