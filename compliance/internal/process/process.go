// Package process runs commands that end together with the processes that they start.
package process

import (
	"context"
	"os/exec"
	"time"
)

// stopTime is how long a command may take to end after its context has ended, and how long
// its output may remain open after the command has ended.
const stopTime = 5 * time.Second

// Command returns a command that has its own process group. The end of ctx kills the group.
// On systems without process groups it kills only the command.
func Command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	setGroup(cmd)
	cmd.Cancel = func() error { return Kill(cmd) }
	cmd.WaitDelay = stopTime
	return cmd
}

// Terminate asks the process group of a started command to end. On systems without process
// groups it is Kill. It returns [os.ErrProcessDone] if the group has ended.
func Terminate(cmd *exec.Cmd) error { return terminate(cmd) }

// Kill kills the process group of a started command. It returns [os.ErrProcessDone] if the
// group has ended.
func Kill(cmd *exec.Cmd) error { return kill(cmd) }
