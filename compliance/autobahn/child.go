package autobahn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// command returns a command. When ctx ends, the command and its children are asked to end.
// There are children if wstest is a wrapper script.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := process.Command(ctx, name, args...)
	cmd.Cancel = func() error { return process.Terminate(cmd) }
	return cmd
}

// child is a running command whose output goes to a file.
type child struct {
	logPath string
	done    chan struct{} // closed when the command has ended
	err     error         // of the command; valid after done
}

// start runs the command and writes its output to the file logPath, which it replaces.
func start(cmd *exec.Cmd, logPath string) (*child, error) {
	f, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the child has its own descriptor
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

// wait waits until the child has ended. The context of its command limits the wait.
func (c *child) wait() error {
	<-c.done
	return c.err
}

// failure returns an error that says what wstest did, such as "died", and how its output ends.
func (c *child) failure(what string) error {
	said := "it printed nothing"
	if data, err := os.ReadFile(c.logPath); err == nil {
		if tail := lastLines(string(data), 15); tail != "" {
			said = "the end of its output:\n" + tail
		}
	}
	if c.err != nil {
		return fmt.Errorf("wstest %s (%w); %s", what, c.err, said)
	}
	return errors.New("wstest " + what + "; " + said)
}
