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
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
)

// maxListed is how many cases that fell short are listed by name.
const maxListed = 40

// conclude writes the report of results, prints what they come to, and returns the
// exit status. failed is why there are not all that there should be, or nil.
func (f *runFlags) conclude(results []*report.Result, failed error, stdout, stderr io.Writer) int {
	if len(results) == 0 {
		return fault(stderr, f.discard(failed))
	}
	if err := f.write(results, failed != nil); err != nil {
		return fault(stderr, errors.Join(failed, err))
	}
	index := report.NewIndex(results)
	if f.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "   ")
		e.SetEscapeHTML(false)
		if err := e.Encode(index); err != nil {
			return fault(stderr, err)
		}
		stdout = stderr // what follows is for people
	}
	all, short := summarise(stdout, index, results)
	fmt.Fprintf(stdout, "report: %s\n", f.index())
	switch {
	case failed != nil:
		fmt.Fprintf(stdout, "INCOMPLETE: the report is of the %s that ran; %d fell short\n", cases(all), short)
		return fault(stderr, failed)
	case short > 0:
		fmt.Fprintf(stdout, "FAIL: %d of %s fell short\n", short, cases(all))
		return exitShort
	}
	fmt.Fprintf(stdout, "PASS: %s\n", cases(all))
	return exitPassed
}

// write writes the report.
func (f *runFlags) write(results []*report.Result, partial bool) error {
	return report.Write(f.out, results, report.Options{Tool: version(), Partial: partial, Quick: f.quick})
}

// summarise prints the counts of each agent, in the order in which they ran, and the
// cases that fell short. It returns how many cases there are, and how many of these.
func summarise(w io.Writer, index report.Index, results []*report.Result) (all, short int) {
	told := map[string]bool{}
	for _, r := range results {
		if told[r.Agent] {
			continue
		}
		told[r.Agent] = true
		behavior, closing := map[report.Verdict]int{}, map[report.Verdict]int{}
		var listed []string
		for _, id := range index.Cases(r.Agent) {
			e := index[r.Agent][id]
			behavior[e.Behavior]++
			closing[e.BehaviorClose]++
			if !e.Passed() {
				listed = append(listed, fmt.Sprintf("  %-8s %s, close %s", id, e.Behavior, e.BehaviorClose))
			}
		}
		n := len(index[r.Agent])
		fmt.Fprintf(w, "%s: %s in %.1f s\n  behaviour  %s\n  close      %s\n",
			plain(r.Agent), cases(n), took(results, r.Agent).Seconds(), counts(behavior), counts(closing))
		for _, l := range listed[:min(len(listed), maxListed)] {
			fmt.Fprintln(w, l)
		}
		if more := len(listed) - maxListed; more > 0 {
			fmt.Fprintf(w, "  and %d more\n", more)
		}
		all, short = all+n, short+len(listed)
	}
	return all, short
}

// took is the time from the beginning of an agent's first case to the end of its
// last. Cases that run at once make it less than the sum of theirs.
func took(results []*report.Result, agent string) time.Duration {
	var begun, ended time.Time
	for _, r := range results {
		if r.Agent != agent {
			continue
		}
		if begun.IsZero() || r.Started.Before(begun) {
			begun = r.Started
		}
		if end := r.Started.Add(r.Duration); end.After(ended) {
			ended = end
		}
	}
	return ended.Sub(begun)
}

// counts lists how often each verdict was given.
func counts(m map[report.Verdict]int) string {
	order := []report.Verdict{report.OK, report.Informational, report.NonStrict, report.Unimplemented,
		report.Unclean, report.WrongCode, report.FailedByClient, report.Failed}
	var words []string
	for _, v := range order {
		if m[v] > 0 {
			words = append(words, fmt.Sprintf("%d %s", m[v], v))
		}
	}
	return strings.Join(words, ", ")
}

// fault says why the check could not be done, a line for each error that was joined,
// and returns the exit status. Help is no fault.
func fault(stderr io.Writer, err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "wscheck: %s\n", strings.TrimSpace(line))
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

// writable makes the directory of the report and tries it, so that a run does not
// come to nothing in its end.
func (f *runFlags) writable() error {
	_, err := os.Stat(f.out)
	f.made = err != nil
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return fmt.Errorf("no report can be written: -out: %w", err)
	}
	t, err := os.CreateTemp(f.out, ".wscheck-*")
	if err != nil {
		return fmt.Errorf("no report can be written: -out: %w", err)
	}
	t.Close()
	return os.Remove(t.Name())
}

// discard removes the directory of the report if writable made it and nothing came
// into it. It returns err.
func (f *runFlags) discard(err error) error {
	if f.made {
		_ = os.Remove(f.out) // not if there is something in it
	}
	return err
}

// bounded is ctx with the bound of -timeout.
func (f *runFlags) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, f.timeout, fmt.Errorf("the run took longer than -timeout %v", f.timeout))
}
