package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/fuzz/internal/process"
)

// The results of a target.
const (
	passed  = "ok"
	crashed = "CRASHER" // an input made it fail
	hung    = "HUNG"    // it was killed because it did not end in time
	broken  = "FAILED"  // it did not compile, a seed made it fail, or package testing gave up
)

// A result describes one run of a target. Seconds counts from the start of the baseline coverage.
type result struct {
	target
	Result      string  `json:"result"`
	Executions  int64   `json:"executions"`
	Seconds     float64 `json:"seconds"`
	PerSecond   float64 `json:"executionsPerSecond"`
	Interesting int64   `json:"newInteresting"`
	Corpus      int64   `json:"corpus"`
	Crasher     string  `json:"crasher,omitempty"` // the file with the failing input

	begin  time.Time
	seeds  int64  // inputs that run first and count toward -fuzztime
	output string // the last lines of the output
}

var (
	progress = regexp.MustCompile(`^fuzz: elapsed: \S+, execs: (\d+) \(\d+/sec\), ` +
		`new interesting: (\d+) \(total: (\d+)\)`)
	baseline = regexp.MustCompile(`^fuzz: elapsed: \S+, gathering baseline coverage: \d+/(\d+) completed`)
	crasher  = regexp.MustCompile(`Failing input written to (\S+)`)

	// late matches the complete report of package testing when a target's time ends during a call
	// to a worker. This is a bug in testing: no input has failed.
	late = regexp.MustCompile(`(?m)^--- FAIL: \S+ \(\S+\)\n {4}context deadline exceeded\nFAIL$`)
)

// Limits on the output of a target that is kept.
const (
	maxLines = 60
	maxLine  = 2000 // bytes
)

// run runs the target as go test -fuzz does. The target and its workers form a process group, which
// is killed after bound or when ctx ends.
func (t *target) run(
	ctx context.Context, o *options, fuzztime string, bound time.Duration, echo io.Writer,
) result {
	r := result{target: *t, Result: broken, output: t.fault}
	if t.fault != "" {
		return r
	}
	limited, cancel := context.WithTimeout(ctx, bound)
	defer cancel()
	temp, err := os.MkdirTemp("", "fuzzall-") // a killed worker does not remove its files
	if err != nil {
		r.output = err.Error()
		return r
	}
	defer os.RemoveAll(temp)
	cmd := exec.CommandContext(limited, t.binary, "-test.run=^$", "-test.fuzz=^"+t.Target+"$",
		"-test.fuzztime="+fuzztime, "-test.fuzzminimizetime=10x", "-test.parallel="+strconv.Itoa(o.parallel),
		"-test.fuzzcachedir="+t.cache, "-test.paniconexit0")
	cmd.Dir = t.dir
	cmd.Env = append(os.Environ(), "TMPDIR="+temp, "PWD="+t.dir)
	process.Group(cmd)
	cmd.WaitDelay = 5 * time.Second
	read, write, err := os.Pipe()
	if err != nil {
		r.output = err.Error()
		return r
	}
	defer read.Close()
	cmd.Stdout, cmd.Stderr = write, write
	err = cmd.Start()
	write.Close()
	if err == nil {
		if !o.verbose {
			echo = io.Discard
		}
		// Killed processes close the pipe. The deadline is for one that has left the group.
		context.AfterFunc(limited, func() { _ = read.SetReadDeadline(time.Now().Add(cmd.WaitDelay)) })
		r.read(read, echo)
		err = cmd.Wait()
	}
	switch {
	case err == nil:
		r.Result = passed
	case r.Crasher != "":
		r.Result = crashed
	case limited.Err() != nil:
		r.Result = hung
	case r.Executions > 0 && late.MatchString(r.output):
		r.Result = passed
	}
	switch {
	case err != nil && r.output == "":
		r.output = err.Error()
	case err == nil && r.Executions == 0 && strings.HasSuffix(fuzztime, "x"):
		r.Result = broken // no input ran
	}
	return r
}

// read copies the target's output to echo until it ends, and parses it.
func (r *result) read(from io.Reader, echo io.Writer) {
	var last []string
	lines := bufio.NewReaderSize(from, 1<<16)
	for {
		line, err := readLine(lines)
		if line != "" || err == nil {
			fmt.Fprintln(echo, line)
			r.note(line)
			last = append(last, line)
			last = last[max(0, len(last)-maxLines):]
		}
		if err != nil {
			break
		}
	}
	r.output = strings.Join(last, "\n")
}

// readLine reads a line and truncates it to maxLine bytes.
func readLine(from *bufio.Reader) (string, error) {
	line := ""
	for {
		part, more, err := from.ReadLine()
		if err != nil {
			return line, err
		}
		if rest := maxLine - len(line); rest > 0 {
			line += string(part[:min(len(part), rest)])
		}
		if !more {
			return line, nil
		}
	}
}

// note parses a line of output.
func (r *result) note(line string) {
	if m := baseline.FindStringSubmatch(line); m != nil {
		r.seeds, _ = strconv.ParseInt(m[1], 10, 64)
		if r.begin.IsZero() {
			r.begin = time.Now()
		}
	}
	if m := progress.FindStringSubmatch(line); m != nil {
		r.Executions, _ = strconv.ParseInt(m[1], 10, 64)
		r.Interesting, _ = strconv.ParseInt(m[2], 10, 64)
		r.Corpus, _ = strconv.ParseInt(m[3], 10, 64)
		if r.begin.IsZero() {
			r.begin = time.Now()
		}
		r.Seconds = max(time.Since(r.begin).Seconds(), 0.001)
		r.PerSecond = float64(r.Executions) / r.Seconds
	}
	if m := crasher.FindStringSubmatch(line); m != nil {
		r.Crasher = filepath.ToSlash(filepath.Join(r.Package, m[1]))
	}
}

// line formats the result as a line.
func (r *result) line() string {
	s := fmt.Sprintf("%-8s %-24s %-22s %10d execs %9.0f/s %6d new %6d corpus %7.1fs",
		r.Result, r.Package, r.Target, r.Executions, r.PerSecond, r.Interesting, r.Corpus, r.Seconds)
	if r.Crasher != "" {
		s += "  " + r.Crasher
	}
	return s
}
