package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/process"
)

// A tester is a package whose tests may notice the faults.
type tester struct {
	path, dir string
	tests     []*test
}

// A test is a top-level Test, Example or Fuzz function.
type test struct {
	tester *tester
	name   string
	time   time.Duration // without a fault
	apart  bool          // fails in a binary with many faults, where functions are not inlined
	blocks []block       // the target's blocks that it reaches
}

// binary returns the name of the tester's test binary in dir.
func (tr *tester) binary(dir, kind string) string {
	name := strings.NewReplacer("/", "_", ".", "_").Replace(tr.path)
	return filepath.Join(dir, name+"."+kind+".test")
}

// build compiles the tester's test binary. overlay may be "".
func (tr *tester) build(ctx context.Context, out, overlay string, flags ...string) error {
	args := append([]string{"test", "-c", "-o", out}, flags...)
	if overlay != "" {
		args = append(args, "-overlay", overlay)
	}
	cmd := exec.CommandContext(ctx, "go", append(args, ".")...)
	process.Group(cmd)
	cmd.Dir, cmd.Env = tr.dir, environment()
	if msg, err := cmd.CombinedOutput(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return &buildError{fmt.Errorf("building the tests of %s: %w\n%s", tr.path, err, msg)}
	}
	return nil
}

// A buildError is an error of the compiler.
type buildError struct{ error }

// limits holds the limits of one run of a test binary.
type limits struct {
	timeout time.Duration
	mib     int    // address space; 0 means no limit
	temp    string // TMPDIR
}

// timedOut replaces the name of the test in the verdict of a run that took too long.
const timedOut = "timeout"

// A verdict is the result of a run of tests.
type verdict struct {
	ok     bool
	by     string // the test that failed, or timedOut
	output string
}

// run runs the named tests of a binary with the fault id, or without a fault if id is 0.
func (tr *tester) run(
	ctx context.Context, bin string, names []string, id int, l limits, flags ...string,
) verdict {
	ctx, cancel := context.WithTimeout(ctx, l.timeout)
	defer cancel()
	args := append([]string{"-test.run=" + pattern(names), "-test.short",
		"-test.timeout=" + (l.timeout + 5*time.Second).String()}, flags...)
	cmd := exec.CommandContext(ctx, bin, args...)
	process.Group(cmd)
	if l.mib > 0 {
		process.LimitMemory(cmd, l.mib)
	}
	cmd.Dir = tr.dir
	cmd.Env = environment("TMPDIR="+l.temp, fmt.Sprintf("%s=%d", variable, id))
	cmd.WaitDelay = time.Second
	var out head
	cmd.Stdout, cmd.Stderr = &out, &out
	err := cmd.Run()
	if cmd.Process != nil {
		process.Kill(cmd) // processes that the tests have left
	}
	v := verdict{ok: err == nil, output: out.String()}
	switch {
	case err == nil:
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		v.by = timedOut
	default:
		v.by = failing(v.output)
	}
	return v
}

// pattern returns a pattern that matches the named top-level tests.
func pattern(names []string) string { return "^(" + strings.Join(names, "|") + ")$" }

var failed = regexp.MustCompile(`(?m)(?:^|\x16)--- FAIL: (\S+)`)

// failing returns the name of the first failed test in the output, or "panic".
func failing(output string) string {
	if m := failed.FindStringSubmatch(output); m != nil {
		return m[1]
	}
	return "panic"
}

// A head keeps the first MiB written to it, since a fault may cause endless output.
type head struct{ buf bytes.Buffer }

func (h *head) Write(p []byte) (int, error) {
	if room := 1<<20 - h.buf.Len(); room > 0 {
		h.buf.Write(p[:min(len(p), room)])
	}
	return len(p), nil
}

func (h *head) String() string { return h.buf.String() }

// list lists the tests of a binary.
func (tr *tester) list(ctx context.Context, bin string) error {
	cmd := exec.CommandContext(ctx, bin, "-test.list=^(Test|Example|Fuzz)")
	cmd.Dir, cmd.Env = tr.dir, environment()
	out, err := cmd.Output()
	if err != nil {
		return fmt.Errorf("listing the tests of %s: %w", tr.path, err)
	}
	for _, name := range strings.Fields(string(out)) {
		tr.tests = append(tr.tests, &test{tester: tr, name: name})
	}
	return nil
}

var ended = regexp.MustCompile(`(?m)(?:^|\x16)--- (PASS|FAIL|SKIP): (\S+) \((\d+\.\d+)s\)`)

// outcomes parses the output of -test.v=test2json. It returns the times of the tests that passed or were
// skipped, and the names of those that failed.
func outcomes(output string) (passed map[string]time.Duration, failed []string) {
	passed = map[string]time.Duration{}
	for _, m := range ended.FindAllStringSubmatch(output, -1) {
		if m[1] == "FAIL" {
			failed = append(failed, m[2])
			continue
		}
		d, err := time.ParseDuration(m[3] + "s")
		if err == nil {
			passed[m[2]] = d
		}
	}
	return passed, failed
}
