package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// maxListed is how many cases that fell short are listed by name.
const maxListed = 40

// conclude writes the report of results, prints what they come to, and returns the
// exit status. failed is why the run ended early, or nil.
func (f *runFlags) conclude(results []*report.Result, took time.Duration, failed error, stdout, stderr io.Writer) int {
	if len(results) > 0 {
		err := report.Write(f.out, results, report.Options{Tool: version(), Partial: failed != nil, Quick: f.quick})
		if err != nil {
			return fault(stderr, err)
		}
	}
	index := report.NewIndex(results)
	if f.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "   ")
		if err := e.Encode(index); err != nil {
			return fault(stderr, err)
		}
		stdout = stderr // for people
	}
	short := summarise(stdout, index, took)
	if len(results) > 0 {
		fmt.Fprintf(stdout, "report: %s\n", f.index())
	}
	switch {
	case failed != nil:
		if len(results) > 0 {
			failed = fmt.Errorf("%w; the report has the %d cases that ran", failed, len(results))
		}
		return fault(stderr, failed)
	case short > 0:
		fmt.Fprintf(stdout, "FAIL: %d of %d cases fell short\n", short, len(results))
		return exitShort
	}
	fmt.Fprintf(stdout, "PASS: %d cases\n", len(results))
	return exitPassed
}

// summarise prints the counts of each agent and the cases that fell short, and
// returns how many those are.
func summarise(w io.Writer, index report.Index, took time.Duration) (short int) {
	for _, agent := range index.Agents() {
		behavior, closing := map[report.Verdict]int{}, map[report.Verdict]int{}
		var listed []string
		for _, id := range index.Cases(agent) {
			e := index[agent][id]
			behavior[e.Behavior]++
			closing[e.BehaviorClose]++
			if !e.Passed() {
				listed = append(listed, fmt.Sprintf("  %-8s %s, close %s", id, e.Behavior, e.BehaviorClose))
			}
		}
		fmt.Fprintf(w, "%s: %d cases in %.1f s\n  behaviour  %s\n  close      %s\n",
			agent, len(index[agent]), took.Seconds(), counts(behavior), counts(closing))
		for _, l := range listed[:min(len(listed), maxListed)] {
			fmt.Fprintln(w, l)
		}
		if more := len(listed) - maxListed; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
		short += len(listed)
	}
	return short
}

// counts lists how often each verdict was given.
func counts(m map[report.Verdict]int) string {
	order := []report.Verdict{report.OK, report.Informational, report.NonStrict, report.Unimplemented,
		report.Unclean, report.WrongCode, report.FailedByClient, report.Failed}
	s := ""
	for _, v := range order {
		if m[v] > 0 {
			s += fmt.Sprintf(", %d %s", m[v], v)
		}
	}
	return s[min(2, len(s)):]
}

// fault says why the check could not be done.
func fault(stderr io.Writer, err error) int {
	fmt.Fprintf(stderr, "wscheck: %v\n", err)
	return exitFailed
}

// parseStatus is the exit status for an error of parse, which has told already.
func parseStatus(err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	return exitFailed
}

// version names this program.
func version() string {
	v := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		v = info.Main.Version
	}
	return "wscheck " + v
}

// writable makes the directory of the report, so that a run does not come to
// nothing in its end.
func (f *runFlags) writable() error {
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	t, err := os.CreateTemp(f.out, ".wscheck-*")
	if err != nil {
		return fmt.Errorf("-out: %w", err)
	}
	t.Close()
	return os.Remove(t.Name())
}

// bounded is ctx with the bound of -timeout.
func (f *runFlags) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the run took longer than -timeout %v", f.timeout))
}
