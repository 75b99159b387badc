//go:build unix

// Package process ends commands together with the processes that they start.
package process

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// Group makes cmd start a new process group, and makes the end of its context kill that group:
// the workers of go test -fuzz, for example, are its grandchildren. Call it before cmd starts.
func Group(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return Kill(cmd) }
}

// Kill kills the group of a command that Group prepared and that has started. It returns nil if no
// process is left.
func Kill(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}

// LimitMemory makes cmd run with an address space of at most mib MiB, by a shell's ulimit. Without
// a shell it does nothing. Call it before cmd starts.
func LimitMemory(cmd *exec.Cmd, mib int) {
	sh, err := exec.LookPath("sh")
	if err != nil {
		return
	}
	script := fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mib<<10)
	cmd.Args = append([]string{sh, "-c", script, cmd.Path}, cmd.Args[1:]...)
	cmd.Path = sh
}
