//go:build unix

package main

import (
	"errors"
	"fmt"
	"os/exec"
	"syscall"
)

// confine puts the command into a process group of its own and holds its memory
// to some MiB of address space; kill ends the whole group.
func confine(cmd *exec.Cmd, mib int) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return kill(cmd) }
	if sh, err := exec.LookPath("sh"); err == nil && mib > 0 {
		script := fmt.Sprintf(`ulimit -v %d; exec "$0" "$@"`, mib<<10)
		cmd.Args = append([]string{sh, "-c", script, cmd.Path}, cmd.Args[1:]...)
		cmd.Path = sh
	}
}

// kill ends what is left of the command's group. That none is left is no error.
func kill(cmd *exec.Cmd) error {
	err := syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return nil
	}
	return err
}
