package autobahn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// command prepares a child that is asked to end, with all its own children, when
// ctx ends: wstest may be run by a wrapper script.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := process.Command(ctx, name, args...)
	cmd.Cancel = func() error { return process.Terminate(cmd) }
	return cmd
}

// child is a running command whose output goes to a file.
type child struct {
	logPath string
	done    chan struct{} // closed when it has ended
	err     error         // how; valid after done
}

// start runs the command with its output in the file logPath, which it replaces.
func start(cmd *exec.Cmd, logPath string) (*child, error) {
	f, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	c := &child{logPath: logPath, done: make(chan struct{})}
	go func() {
		c.err = cmd.Wait()
		close(c.done)
	}()
	return c, nil
}

// wait returns when the child has ended, which a command's context bounds.
func (c *child) wait() error {
	<-c.done
	return c.err
}

// failure describes why the suite came to nothing, with the end of what it said.
func (c *child) failure(what string) error {
	said := "and printed nothing"
	if data, err := os.ReadFile(c.logPath); err == nil {
		if tail := lastLines(string(data), 15); tail != "" {
			said = "its last lines:\n" + tail
		}
	}
	if c.err != nil {
		return fmt.Errorf("wstest %s (%w); %s", what, c.err, said)
	}
	return errors.New("wstest " + what + "; " + said)
}
