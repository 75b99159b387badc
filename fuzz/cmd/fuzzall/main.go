// Fuzzall runs every fuzz target of the workspace, one after the other, each with a time limit.
// It needs only the go command.
//
//	go run ./fuzz/cmd/fuzzall                       # all targets, 150 s in total
//	go run ./fuzz/cmd/fuzzall -total 1h
//	go run ./fuzz/cmd/fuzzall -time 10m -run FuzzDecoder
//	go run ./fuzz/cmd/fuzzall -count 20000 -out table.md
//	go run ./fuzz/cmd/fuzzall -fresh                # start from the seeds only
//	go run ./fuzz/cmd/fuzzall -list -json           # the matrix of a workflow
//
// Arguments select packages. Fuzzall prints a line for each target: executions, executions per
// second, new interesting inputs, and the size of the corpus. Standard error shows progress: the
// package being compiled, then the target being run. If a target fails, Fuzzall runs the rest,
// names the file with the failing input, and exits with status 1.
//
// The total time includes compilation, which comes first. On a new machine compilation alone may
// take longer than the total time. Each target then runs for one second.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"runtime"
	"time"
)

// options holds the flags.
type options struct {
	total    time.Duration
	each     time.Duration
	count    int
	bound    time.Duration
	parallel int
	run      *regexp.Regexp
	list     bool
	json     bool
	out      string
	fresh    bool
	verbose  bool
	packages []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	context.AfterFunc(ctx, stop) // a second interrupt ends the program immediately
	err := fuzzall(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case ctx.Err() != nil:
		err = errors.New("interrupted before all targets ran")
	}
	fmt.Fprintln(os.Stderr, "fuzzall:", err)
	os.Exit(1)
}

// parse parses the flags.
func parse(args []string) (o options, err error) {
	fs := flag.NewFlagSet("fuzzall", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), `usage: fuzzall [flags] [package...]

Runs the fuzz targets of the packages, one after the other, each with a time limit.
The default is every package of the workspace. The exit status is 1 if a target fails.

`)
		fs.PrintDefaults()
	}
	fs.DurationVar(&o.total, "total", 150*time.Second,
		"`time` for all targets together, including compilation")
	fs.DurationVar(&o.each, "time", 0, "`time` for each target, instead of -total")
	fs.IntVar(&o.count, "count", 0, "executions of each target, instead of -total")
	fs.DurationVar(&o.bound, "bound", 2*time.Minute,
		"kill a target this `duration` after its time is over, or after its start with -count")
	fs.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "workers per target")
	run := fs.String("run", "", "run only the targets that match `regexp`")
	fs.BoolVar(&o.list, "list", false, "list the targets without running them")
	fs.BoolVar(&o.json, "json", false, `with -list, print [{"package":...,"target":...}]`)
	fs.StringVar(&o.out, "out", "",
		"write a table of the results to `file`: JSON if it ends in .json, Markdown if not")
	fs.BoolVar(&o.fresh, "fresh", false, "start from the seeds only, and keep only failing inputs")
	fs.BoolVar(&o.verbose, "v", false, "print the output of the targets")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.run, err = regexp.Compile(*run); err != nil {
		return o, err
	}
	o.packages = fs.Args()
	switch {
	case o.each < 0 || o.count < 0 || o.total <= 0 || o.bound <= 0 || o.parallel < 1:
		return o, errors.New("-total, -bound and -parallel must be positive, -time and -count not negative")
	case o.each > 0 && o.count > 0:
		return o, errors.New("-time and -count cannot be combined")
	}
	return o, nil
}

func fuzzall(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args)
	if err != nil {
		return err
	}
	targets, err := discover(ctx, o.packages, o.run)
	if err != nil {
		return err
	}
	if o.list {
		return printTargets(stdout, targets, o.json)
	}
	if len(targets) == 0 {
		return errors.New("no matching fuzz targets in these packages")
	}
	results, err := runAll(ctx, &o, targets, stdout, stderr)
	if o.out != "" {
		if err := writeTable(o.out, results); err != nil {
			return err
		}
	}
	return err
}

func printTargets(w io.Writer, targets []target, asJSON bool) error {
	if asJSON {
		if targets == nil {
			targets = []target{}
		}
		return json.NewEncoder(w).Encode(targets)
	}
	for _, t := range targets {
		if _, err := fmt.Fprintln(w, t.Package, t.Target); err != nil {
			return err
		}
	}
	return nil
}

// runAll compiles the targets and runs them in order. A failing target does not stop it.
func runAll(
	ctx context.Context, o *options, targets []target, stdout, stderr io.Writer,
) (results []result, err error) {
	b := budget{options: o, deadline: time.Now().Add(o.total), overhead: time.Second}
	dir, err := os.MkdirTemp("", "fuzzall-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	if err := buildAll(ctx, targets, dir, o.fresh, stderr); err != nil {
		return nil, err
	}
	failed := 0
	for i, t := range targets {
		fuzz, bound := b.next(len(targets) - i)
		fmt.Fprintf(stderr, "target %d of %d: %s %s\n", i+1, len(targets), t.Package, t.Target)
		start := time.Now()
		r := t.run(ctx, o, fuzz, bound, stdout)
		if r.Result == passed && r.Executions <= r.seeds { // no time was left after the seeds
			r = t.run(ctx, o, fmt.Sprintf("%dx", r.seeds+100), bound, stdout)
		}
		if err := ctx.Err(); err != nil {
			return results, err
		}
		b.spent(time.Since(start))
		results = append(results, r)
		if _, err := fmt.Fprintln(stdout, r.line()); err != nil {
			return results, err
		}
		if r.Result != passed {
			failed++
			fmt.Fprintln(stdout, r.output)
		}
	}
	if failed > 0 {
		return results, fmt.Errorf("%d of %d targets failed", failed, len(targets))
	}
	return results, nil
}

// A budget divides the time among the targets.
type budget struct {
	*options
	deadline time.Time
	given    time.Duration
	overhead time.Duration // by how much the last target exceeded its time
}

// next returns the value of -fuzztime for the next target, and the time after which that target is
// killed. left is the number of targets that have not run.
func (b *budget) next(left int) (fuzztime string, bound time.Duration) {
	switch {
	case b.count > 0:
		return fmt.Sprintf("%dx", b.count), b.bound
	case b.each > 0:
		b.given = b.each
	default:
		// A target that exceeds its share leaves less time for the others.
		share := time.Until(b.deadline) / time.Duration(left)
		b.given = max(time.Second, (share - min(b.overhead, share/2)).Round(100*time.Millisecond))
	}
	return b.given.String(), b.given + b.bound
}

func (b *budget) spent(d time.Duration) {
	b.overhead = max(0, d-b.given)
}
