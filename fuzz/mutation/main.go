package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"syscall"
	"time"
)

// options holds the flags.
type options struct {
	workers int
	only    *regexp.Regexp
	sample  int
	seed    uint64
	min     float64
	factor  int
	memory  int
	known   string
	json    bool
	propose bool
	list    bool
	alone   bool
	dirs    []string
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// parse parses the flags. It prints errors and help to stderr.
func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("mutation", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprint(stderr, `usage: mutation [flags] directory...

Plants small faults in the packages, one at a time, and reports those that no test notices.
Exit status: 0, 1 if -min is not reached, 2 if an error prevented a report.

`)
		f.PrintDefaults()
	}
	only := f.String("run", "", "plant faults only in files whose names match `regexp`")
	f.IntVar(&o.workers, "parallel", 2, "number of faults to try at a time")
	f.IntVar(&o.sample, "sample", 0, "try a random sample of `n` faults of each package; 0 means all")
	f.Uint64Var(&o.seed, "seed", 1, "seed of -sample")
	f.Float64Var(&o.min, "min", 0,
		"exit with status 1 if the score is below this `percentage` or an entry of -known is stale")
	f.IntVar(&o.factor, "timeout", 4,
		"limit a run of tests to this `multiple` of its usual time, plus 3 s; at least 2")
	f.IntVar(&o.memory, "memory", 4096, "address space of a run of tests in `MiB`, on Unix; 0 means no limit")
	f.StringVar(&o.known, "known", "",
		"`file` of faults that cannot be noticed (default: the embedded list of the package)")
	f.BoolVar(&o.json, "json", false, "print a JSON object for each package")
	f.BoolVar(&o.propose, "propose", false, "also print the survivors as entries for -known")
	f.BoolVar(&o.list, "list", false, "list the faults without planting them")
	f.BoolVar(&o.alone, "alone", false, "build every fault separately, to check this command itself; slow")
	if err := f.Parse(args); err != nil {
		return nil, err
	}
	o.dirs = f.Args()
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return nil, err
	}
	if len(o.dirs) == 0 || o.workers < 1 || o.factor < 2 || o.sample < 0 {
		f.Usage()
		return nil, errors.New("need a directory, -parallel >= 1, -timeout >= 2 and -sample >= 0")
	}
	return o, nil
}

// command runs Mutation and returns the exit status: 1 if -min is not reached, 2 if an error prevented a
// report.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "mutation:", err)
		return 2
	}
	status := 0
	for _, dir := range o.dirs {
		r, err := try(ctx, o, dir, stdout, stderr)
		if ctx.Err() != nil {
			err = fmt.Errorf("interrupted; no report on %s", dir)
		}
		if err != nil {
			fmt.Fprintln(stderr, "mutation:", err)
			return 2
		}
		if r != nil && o.min > 0 && (r.Score < o.min || len(r.Stale) > 0) {
			fmt.Fprintf(stderr, "mutation: %s: score %.1f %%, want at least %g %%; %d stale entries\n",
				r.Package, r.Score, o.min, len(r.Stale))
			status = 1
		}
	}
	return status
}

// try plants faults in one package. The report is nil with -list.
func try(ctx context.Context, o *options, dir string, stdout, stderr io.Writer) (*report, error) {
	start := time.Now()
	t, err := load(ctx, dir)
	if err != nil {
		return nil, err
	}
	entries, err := readKnown(o.known, t.pkg.PkgPath)
	if err != nil {
		return nil, err
	}
	mutants := find(t, o.only)
	mark(mutants, entries)
	if err := t.checkAll(mutants); err != nil {
		return nil, err
	}
	every := o.only.String() == ""
	if o.sample > 0 {
		mutants, every = draw(mutants, o.sample, o.seed), false
	}
	if o.list {
		for _, m := range mutants {
			fmt.Fprintf(stdout, "%v\n\t%s %s\n", m, m.Outcome, m.Code)
		}
		return nil, nil
	}
	r := &runner{target: t, workers: o.workers, mib: o.memory, factor: time.Duration(o.factor),
		alone: o.alone, log: stderr}
	if err := r.in(func() error { return r.trial(ctx, mutants) }); err != nil {
		return nil, err
	}
	rep := newReport(t.pkg.PkgPath, mutants, stale(mutants, entries, every), time.Since(start))
	if o.json {
		e := json.NewEncoder(stdout)
		e.SetIndent("", "\t")
		return rep, e.Encode(rep)
	}
	rep.text(stdout)
	if o.propose {
		fmt.Fprint(stdout, "\n", propose(mutants))
	}
	return rep, nil
}

// in calls f with temporary directories for the runner, and removes them.
func (r *runner) in(f func() error) error {
	dir, err := os.MkdirTemp("", "mutation")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	r.dir, r.temp = dir, filepath.Join(dir, "tmp")
	if err := os.Mkdir(r.temp, 0o777); err != nil {
		return err
	}
	return f()
}

// checkAll type-checks the faults that can share a binary, and sets the outcome of those that do not
// compile.
func (t *target) checkAll(mutants []*mutant) error {
	var shared []*mutant
	for _, m := range mutants {
		if m.copyable() {
			shared = append(shared, m)
		}
	}
	for len(shared) > 0 {
		n := min(perBuild, len(shared))
		if _, err := t.buildable(shared[:n]); err != nil {
			return err
		}
		shared = shared[n:]
	}
	return nil
}

// draw returns a random sample of n of the faults that compile, in their original order.
func draw(mutants []*mutant, n int, seed uint64) []*mutant {
	mutants = slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return m.Outcome == noBuild })
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(mutants), func(i, j int) { mutants[i], mutants[j] = mutants[j], mutants[i] })
	mutants = mutants[:min(n, len(mutants))]
	slices.SortFunc(mutants, func(a, b *mutant) int { return a.id - b.id })
	return mutants
}
