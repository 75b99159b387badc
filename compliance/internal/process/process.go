// Package process runs commands that end together with the processes that they start.
package process

import (
	"context"
	"os/exec"
	"time"
)

// stopTime is how long a command may take to end after its context has ended, and how
// long its output may stay open after it has ended itself.
const stopTime = 5 * time.Second

// Command returns a command in a process group of its own. The end of ctx kills the
// group. On systems without process groups it kills the command alone.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	setGroup(cmd)
	cmd.Cancel = func() error { return Kill(cmd) }
	cmd.WaitDelay = stopTime
	return cmd
}

// Terminate asks the group of a started command to end. Systems without process groups
// cannot ask, so there it is Kill. It returns os.ErrProcessDone if the group is gone.
func Terminate(cmd *exec.Cmd) error { return terminate(cmd) }

// Kill ends the group of a started command at once. It returns os.ErrProcessDone if the
// group is gone.
func Kill(cmd *exec.Cmd) error { return kill(cmd) }
