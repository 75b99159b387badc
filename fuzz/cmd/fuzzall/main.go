// Fuzzall runs every fuzz target of the workspace, one after the other and each
// within a bound. It needs the Go command and nothing else.
//
//	go run ./fuzz/cmd/fuzzall                       # all targets, 150 s together
//	go run ./fuzz/cmd/fuzzall -total 1h
//	go run ./fuzz/cmd/fuzzall -time 10m -run FuzzDecoder
//	go run ./fuzz/cmd/fuzzall -count 20000 -out table.md
//	go run ./fuzz/cmd/fuzzall -fresh                # from the seeds alone
//	go run ./fuzz/cmd/fuzzall -list -json           # for a matrix of a workflow
//
// With arguments it takes the targets of those packages alone. It prints one line
// a target: executions, executions a second, inputs that were new and interesting,
// and how many there now are in all. It fails, at the end, if a target found a
// crasher, and names the file that the crasher was written to. Standard error says what
// it waits for: the package that it compiles, then the target that runs.
//
// The time includes compiling, which comes first and on a new machine may take more
// than all of it. Each target then gets a second.
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

// options are the flags.
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
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	err := fuzzall(ctx, os.Args[1:], os.Stdout, os.Stderr)
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return
	case ctx.Err() != nil:
		err = errors.New("interrupted: not all targets ran")
	}
	fmt.Fprintln(os.Stderr, "fuzzall:", err)
	os.Exit(1)
}

// parse reads the flags.
func parse(args []string) (o options, err error) {
	fs := flag.NewFlagSet("fuzzall", flag.ContinueOnError)
	fs.Usage = func() {
		fmt.Fprint(fs.Output(), "usage: fuzzall [flags] [package...]\n\nRuns every fuzz target of the workspace, or of the packages, each within a bound.\nExits with 1 if one fails.\n\n")
		fs.PrintDefaults()
	}
	fs.DurationVar(&o.total, "total", 150*time.Second, "`time` for all targets together, compiling included")
	fs.DurationVar(&o.each, "time", 0, "`time` for each target, in place of -total")
	fs.IntVar(&o.count, "count", 0, "executions of each target, in place of -total")
	fs.DurationVar(&o.bound, "bound", 2*time.Minute, "a target is killed so long after its `time`, or with -count after its start")
	fs.IntVar(&o.parallel, "parallel", runtime.GOMAXPROCS(0), "workers of a target")
	run := fs.String("run", "", "only targets that match the `regexp`")
	fs.BoolVar(&o.list, "list", false, "print the targets and run none")
	fs.BoolVar(&o.json, "json", false, `with -list: as [{"package":...,"target":...}]`)
	fs.StringVar(&o.out, "out", "", "write a table to the `file`: JSON if it ends in .json, else Markdown")
	fs.BoolVar(&o.fresh, "fresh", false, "begin with the seeds alone, not with what earlier runs have found, and keep nothing but crashers")
	fs.BoolVar(&o.verbose, "v", false, "print what the targets print")
	if err := fs.Parse(args); err != nil {
		return o, err
	}
	if o.run, err = regexp.Compile(*run); err != nil {
		return o, err
	}
	o.packages = fs.Args()
	switch {
	case o.each < 0 || o.count < 0 || o.total <= 0 || o.bound <= 0 || o.parallel < 1:
		return o, errors.New("times and counts are positive")
	case o.each > 0 && o.count > 0:
		return o, errors.New("-time and -count exclude each other")
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
		return errors.New("no fuzz target in these packages, or none that matches -run")
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

// runAll compiles the targets and runs them in turn, to the last even if one fails.
func runAll(ctx context.Context, o *options, targets []target, stdout, stderr io.Writer) (results []result, err error) {
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
		if r.Result == passed && r.Executions <= r.seeds { // its time was too short for more
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

// A budget shares the time out.
type budget struct {
	*options
	deadline time.Time
	given    time.Duration
	overhead time.Duration // of the last target: what it took beyond its time
}

// next is what the next of so many targets may take: -fuzztime's value, and the time
// after which it is killed.
func (b *budget) next(left int) (fuzztime string, bound time.Duration) {
	switch {
	case b.count > 0:
		return fmt.Sprintf("%dx", b.count), b.bound
	case b.each > 0:
		b.given = b.each
	default:
		// Whatever one takes beyond its share, the others have less of.
		share := time.Until(b.deadline) / time.Duration(left)
		b.given = max(time.Second, (share - min(b.overhead, share/2)).Round(100*time.Millisecond))
	}
	return b.given.String(), b.given + b.bound
}

func (b *budget) spent(d time.Duration) {
	b.overhead = max(0, d-b.given)
}
