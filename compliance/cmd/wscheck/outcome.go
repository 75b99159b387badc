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

// conclude writes the report and the other files that the flags request, prints the summary, and
// returns the exit status. failed is the reason why the run is incomplete, or nil.
func (f *runFlags) conclude(results []*report.Result, failed error, stdout, stderr io.Writer) int {
	if len(results) == 0 {
		return fail(stderr, f.discard(failed))
	}
	s := f.newSummary(results, failed)
	if err := errors.Join(f.write(results, s), f.export(results, s, stdout)); err != nil {
		return fail(stderr, errors.Join(failed, err))
	}
	if f.json {
		stdout = stderr // stdout has only the JSON
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

// export writes the results in the formats that the flags request.
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

// write writes the report. s is nil during the run.
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

var unreportedFlags = []string{"cases", "exclude", "out", "header", "json", "junit", "summary", "single"}

// reportedFlags returns the words of the flags that the report shows: those that differ from
// their defaults, except for flags that the report shows elsewhere, flags that name other files,
// and -header, whose values may be secret.
func (f *runFlags) reportedFlags() (flags []string) {
	f.set.Visit(func(g *flag.Flag) {
		v := g.Value.String()
		if v == g.DefValue || slices.Contains(unreportedFlags, g.Name) {
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

// fail prints an error, with a line for each joined error, and returns the exit status. If the
// error is flag.ErrHelp, it prints nothing.
func fail(stderr io.Writer, err error) int {
	if errors.Is(err, flag.ErrHelp) {
		return exitPassed
	}
	for line := range strings.Lines(err.Error()) {
		fmt.Fprintf(stderr, "wscheck: %s\n", strings.TrimSpace(line))
	}
	return exitFailed
}

// version returns the name and version of this program, or the commit it was built from.
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

// writable creates the directory of the report and checks before the run that it is writable.
func (f *runFlags) writable() error {
	_, err := os.Stat(f.out)
	f.made = err != nil
	if err := os.MkdirAll(f.out, 0o755); err != nil {
		return fmt.Errorf("cannot write a report: -out: %w", err)
	}
	t, err := os.CreateTemp(f.out, ".wscheck-*")
	if err != nil {
		return fmt.Errorf("cannot write a report: -out: %w", err)
	}
	t.Close()
	return os.Remove(t.Name())
}

// discard removes the directory of the report if writable created it and it is empty. It returns
// err.
func (f *runFlags) discard(err error) error {
	if f.made {
		_ = os.Remove(f.out) // fails if it is not empty
	}
	return err
}

// bounded returns ctx with the timeout of -timeout.
func (f *runFlags) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if f.timeout == 0 {
		return context.WithCancel(ctx)
	}
	return context.WithTimeoutCause(ctx, f.timeout,
		fmt.Errorf("the run took longer than -timeout %v", f.timeout))
}

// orCause returns the cause of ctx if err is not nil and ctx has ended, because err then results
// from the end of ctx. Otherwise it returns err.
func orCause(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}
