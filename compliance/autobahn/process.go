package autobahn

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"
)

// killDelay is how long a child may take to end after it was asked to; then it
// is killed.
const killDelay = 5 * time.Second

// command prepares a child that is asked to end, with all its own children, when
// ctx ends.
func command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = killDelay
	askToEnd(cmd)
	return cmd
}

// process is a running child whose output goes to a file.
type process struct {
	logPath string
	done    chan struct{} // closed when it has ended
	err     error         // how; valid after done
}

// start runs the command with its output in the file logPath, which it replaces.
func start(cmd *exec.Cmd, logPath string) (*process, error) {
	f, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	defer f.Close() // the child has its own
	cmd.Stdout, cmd.Stderr = f, f
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	p := &process{logPath: logPath, done: make(chan struct{})}
	go func() {
		p.err = cmd.Wait()
		close(p.done)
	}()
	return p, nil
}

// wait returns when the child has ended, which a command's context bounds.
func (p *process) wait() error {
	<-p.done
	return p.err
}

// failure describes why the suite came to nothing, with the end of what it said.
func (p *process) failure(what string) error {
	said := "and printed nothing"
	if data, err := os.ReadFile(p.logPath); err == nil {
		if tail := lastLines(string(data), 15); tail != "" {
			said = "its last lines:\n" + tail
		}
	}
	if p.err != nil {
		return fmt.Errorf("wstest %s (%w); %s", what, p.err, said)
	}
	return errors.New("wstest " + what + "; " + said)
}
