package main

import (
	"context"
	"encoding/json"
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

// Options are the command's flags.
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

func parse(args []string, stderr io.Writer) (*options, error) {
	o := &options{}
	f := flag.NewFlagSet("mutation", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.Usage = func() {
		fmt.Fprintln(stderr, "usage: mutation [flags] directory…\n\nPlants faults in packages, one at a time, and reports which no test notices.")
		f.PrintDefaults()
	}
	only := f.String("run", "", "plant faults only in files whose names match this `pattern`")
	f.IntVar(&o.workers, "parallel", 2, "how many faults are tried at a time")
	f.IntVar(&o.sample, "sample", 0, "try only `n` faults of each package, drawn by -seed; 0 for all")
	f.Uint64Var(&o.seed, "seed", 1, "what -sample draws by")
	f.Float64Var(&o.min, "min", 0, "exit with status 1 below this score in `per cent`, or if a listed fault is stale")
	f.IntVar(&o.factor, "timeout", 4, "how many times its usual time a run of tests may take, beside 3 s; at least 2")
	f.IntVar(&o.memory, "memory", 4096, "address space of a run of tests in `MiB`, on Unix; 0 for no limit")
	f.StringVar(&o.known, "known", "", "`file` of faults that cannot be noticed (default: the command's own for the package)")
	f.BoolVar(&o.json, "json", false, "report in JSON, an object for each package")
	f.BoolVar(&o.propose, "propose", false, "also print the survivors in the form of -known")
	f.BoolVar(&o.list, "list", false, "list the faults and plant none")
	f.BoolVar(&o.alone, "alone", false, "build every fault alone: slow, and a check of the command itself")
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
		return nil, fmt.Errorf("a directory is needed, -parallel of 1 or more, -timeout of 2 or more")
	}
	return o, nil
}

// command runs the command and returns its exit status: 2 if it could not do its
// work, 1 if -min is not met.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	if err == flag.ErrHelp {
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
			err = fmt.Errorf("interrupted: no report on %s", dir)
		}
		if err != nil {
			fmt.Fprintln(stderr, "mutation:", err)
			return 2
		}
		if r != nil && o.min > 0 && (r.Score < o.min || len(r.Stale) > 0) {
			fmt.Fprintf(stderr, "mutation: %s: a score of %.1f %% where %g %% is the least, %d stale entries\n", r.Package, r.Score, o.min, len(r.Stale))
			status = 1
		}
	}
	return status
}

// try tries the tests of one package. The report is nil with -list.
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

// in calls f while the runner has directories of its own.
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

// checkAll sets the outcome of the faults that do not compile, as far as that can
// be seen without building them one by one.
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

// draw takes n of the faults that compile, in their order.
func draw(mutants []*mutant, n int, seed uint64) []*mutant {
	mutants = slices.DeleteFunc(slices.Clone(mutants), func(m *mutant) bool { return m.Outcome == noBuild })
	rng := rand.New(rand.NewPCG(seed, 0))
	rng.Shuffle(len(mutants), func(i, j int) { mutants[i], mutants[j] = mutants[j], mutants[i] })
	mutants = mutants[:min(n, len(mutants))]
	slices.SortFunc(mutants, func(a, b *mutant) int { return a.id - b.id })
	return mutants
}
