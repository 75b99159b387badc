package measure

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"
)

// A Process is a process that prints lines and may answer questions.
type Process struct {
	Cmd *exec.Cmd

	in   io.WriteCloser
	text *bufio.Scanner // what the process prints
}

// Start starts cmd. The process inherits standard error unless cmd says otherwise.
func Start(cmd *exec.Cmd) (*Process, error) {
	p := &Process{Cmd: cmd}
	if cmd.Stderr == nil {
		cmd.Stderr = os.Stderr
	}
	var err error
	if p.in, err = cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p.text = bufio.NewScanner(out)
	return p, cmd.Start()
}

// Pid returns the id of the process.
func (p *Process) Pid() int { return p.Cmd.Process.Pid }

// Line reads the next line that the process prints. If there is none within [Patience], the process is killed.
func (p *Process) Line() (string, error) {
	defer time.AfterFunc(Patience, p.Kill).Stop()
	if !p.text.Scan() {
		return "", fmt.Errorf("no answer: %w", errors.Join(p.text.Err(), io.ErrUnexpectedEOF))
	}
	return p.text.Text(), nil
}

// Ask sends a question, which is one line, and returns the answer.
func (p *Process) Ask(question string) (string, error) {
	if _, err := fmt.Fprintln(p.in, question); err != nil {
		return "", err
	}
	return p.Line()
}

// Stop closes the input of the process, waits for the process, and kills it if it has not ended after
// [Patience].
func (p *Process) Stop() error {
	p.in.Close()
	defer time.AfterFunc(Patience, p.Kill).Stop()
	return p.Cmd.Wait()
}

// Kill kills the process.
func (p *Process) Kill() { _ = p.Cmd.Process.Kill() }
