package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// conclude writes the report of results and what else the flags ask for, prints what
// they come to, and returns the exit status. failed is why there are not all that
// there should be, or nil.
func (f *runFlags) conclude(results []*report.Result, failed error, stdout, stderr io.Writer) int {
	if len(results) == 0 {
		return fail(stderr, f.discard(failed))
	}
	s := f.newSummary(results, failed)
	if err := errors.Join(f.write(results, s), f.export(results, s, stdout)); err != nil {
		return fail(stderr, errors.Join(failed, err))
	}
	if f.json {
		stdout = stderr // what follows is for people
	}
	s.writeText(stdout)
	color := map[int]report.Verdict{exitPassed: report.OK, exitShort: report.Failed,
		exitFailed: report.Failed}[s.status()]
	fmt.Fprintf(stdout, "report: %s\n%s\n", f.index(), painter(stdout)(color, s.verdict()))
	if failed != nil {
		return fail(stderr, failed)
	}
	return s.status()
}

// export writes the results in the forms for other programs that the flags ask for.
func (f *runFlags) export(results []*report.Result, s *summary, stdout io.Writer) error {
	var errs []error
	if f.json {
		errs = append(errs, s.writeJSON(stdout, report.NewIndex(results)))
	}
	if f.junit != "" {
		errs = append(errs, writeFile(f.junit, s.writeJUnit))
	}
	if f.summary != "" {
		errs = append(errs, appendFile(f.summary, s.writeMarkdown))
	}
	return errors.Join(errs...)
}

// write writes the report. s is nil while the run goes on.
func (f *runFlags) write(results []*report.Result, s *summary) error {
	o := report.Options{Tool: version(), Quick: f.quick, Single: f.single, Titles: suite.Titles(),
		Policy: f.policy,
		URL:    f.url, Command: f.set.Name(), Flags: f.reportedFlags(), Exclude: list(f.exclude),
		Elapsed: time.Since(f.begun)}
	if s != nil {
		o.Partial, o.Verdict = s.failed != nil, s.verdict()
	}
	return report.Write(f.out, results, o)
}

// told are the flags that differ from their defaults, a word each, but for those that
// have a place of their own in the report or make other files, and for fields, which
// may be secret.
func (f *runFlags) reportedFlags() (flags []string) {
	f.set.Visit(func(g *flag.Flag) {
		v := g.Value.String()
		if v == g.DefValue || slices.Contains([]string{"cases", "exclude", "out", "header", "json", "junit",
			"summary", "single"}, g.Name) {
			return
		}
		if b, ok := g.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			flags = append(flags, "-"+g.Name, v)
		} else if v == "true" {
			flags = append(flags, "-"+g.Name)
		} else {
			flags = append(flags, "-"+g.Name+"="+v)
		}
	})
	return flags
}

// fault says why the check could not be done, a line for each error that was joined,
// and returns the exit status. Help is no fault.
func fail(stderr io.Writer, err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "wscheck: %s\n", strings.TrimSpace(line))
	}
	return exitFailed
}

// version names this program: its version, or else the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "wscheck (devel)"
	}
	v := cmp.Or(info.Main.Version, "(devel)")
	if v == "(devel)" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v += " " + s.Value
			}
		}
	}
	return "wscheck " + v + " " + info.GoVersion
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
	return context.WithTimeoutCause(ctx, f.timeout,
		fmt.Errorf("the run took longer than -timeout %v, so it did not finish", f.timeout))
}

// orCause is err, or rather why ctx ended, if it did: what fails after that fails for
// that reason.
func orCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
