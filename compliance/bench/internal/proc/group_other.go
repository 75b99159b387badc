//go:build !unix

package proc

import "os/exec"

// Separate would give a command a process group of its own, but this system has none.
func Separate(*exec.Cmd) {}

// KillGroup kills the process of a command.
func KillGroup(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
