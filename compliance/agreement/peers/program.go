package peers

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/process"
)

// A program is a command that runs a peer. With the argument "serve" it is a server and
// prints a line "listening PORT". With "drive", the URL of a fuzzing server and the name of
// the agent, it is a client. With a Setup it runs an Exchange. A program ends at EOF on its
// standard input, so it never outlives this process.
type program struct {
	kit  kit
	argv func(home string) []string // home is the directory of the kit
}

// startTime limits the start of a server.
const startTime = 30 * time.Second

// serve is a Peer.Serve.
func (p *program) serve(ctx context.Context, env *Env) (*Server, error) {
	port := make(chan string, 1)
	done, err := p.start(ctx, env, func(line string) {
		if after, ok := strings.CutPrefix(line, "listening "); ok {
			select {
			case port <- after:
			default:
			}
			return
		}
		env.log(line)
	}, "serve")
	if err != nil {
		return nil, err
	}
	ended := make(chan struct{})
	var failure error
	go func() {
		failure = <-done
		close(ended)
	}()
	timer := time.NewTimer(startTime)
	defer timer.Stop()
	select {
	case n := <-port:
		return &Server{URL: "ws://127.0.0.1:" + n, Done: ended}, nil
	case <-ended:
		return nil, fmt.Errorf("%w: %w", errNoURL, failure)
	case <-timer.C:
		return nil, fmt.Errorf("the server does not listen after %v", startTime)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// drive is a Peer.Drive.
func (p *program) drive(ctx context.Context, env *Env, base, agent string) error {
	done, err := p.start(ctx, env, env.log, "drive", base, agent)
	if err != nil {
		return err
	}
	return <-done
}

// start starts the program with more arguments, as startCommand does.
func (p *program) start(
	ctx context.Context, env *Env, line func(string), more ...string,
) (<-chan error, error) {
	argv := append(p.argv(p.kit.home(env)), more...)
	return startCommand(ctx, process.Command(ctx, argv[0], argv[1:]...), line)
}

// startCommand starts a command and calls line with every line that it prints. When the
// command has ended, the channel receives its error, or nil if ctx has ended it.
func startCommand(ctx context.Context, cmd *exec.Cmd, line func(string)) (<-chan error, error) {
	stdin, err := cmd.StdinPipe() // remains open until the process has ended
	if err != nil {
		return nil, err
	}
	lines := &lineWriter{line: line}
	cmd.Stdout, cmd.Stderr = lines, lines
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	done := make(chan error, 1)
	go func() {
		err := cmd.Wait()
		_ = stdin.Close()
		if ctx.Err() != nil {
			err = nil
		}
		done <- err
	}()
	return done, nil
}

// runQuiet runs a command of an installation. The error includes its output.
func runQuiet(ctx context.Context, dir, name string, args ...string) error {
	cmd := process.Command(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, tail(string(out), 2000))
	}
	return nil
}

func tail(s string, n int) string {
	if len(s) > n {
		return "..." + s[len(s)-n:]
	}
	return s
}

// A lineWriter calls line with each line that is written. The standard output and the
// standard error of a process may share it.
type lineWriter struct {
	mu   sync.Mutex
	line func(string)
	rest []byte
}

var _ io.Writer = (*lineWriter)(nil)

func (w *lineWriter) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.rest = append(w.rest, p...)
	for {
		n, token, _ := bufio.ScanLines(w.rest, false)
		if n == 0 {
			return len(p), nil
		}
		w.line(string(token))
		w.rest = w.rest[n:]
	}
}
