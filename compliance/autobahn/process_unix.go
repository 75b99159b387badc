//go:build unix

package autobahn

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
)

// askToEnd gives the child a process group of its own and makes the end of its
// context a SIGTERM to that group: wstest may be behind a wrapper script.
func askToEnd(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		err := syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM)
		if errors.Is(err, syscall.ESRCH) {
			return os.ErrProcessDone
		}
		return err
	}
}
