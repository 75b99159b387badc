package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"
)

// A runner plants faults in one package.
type runner struct {
	target  *target
	workers int
	mib     int           // address space of a test run
	factor  time.Duration // the multiple of its usual time that a run may take
	alone   bool          // build every fault separately
	dir     string        // for binaries
	temp    string        // TMPDIR of the tests
	log     io.Writer

	mu      sync.Mutex
	done    int
	total   int
	reacher *reacher
	blocks  []block
}

// trial plants the faults and sets their outcomes.
func (r *runner) trial(ctx context.Context, mutants []*mutant) error {
	if err := r.measure(ctx); err != nil {
		return err
	}
	r.reacher = newReacher(r.target.testers)
	var err error
	if r.blocks, err = r.allBlocks(ctx); err != nil {
		return err
	}
	var shared, single []*mutant
	for _, m := range mutants {
		switch {
		case m.Outcome == noBuild:
		case len(r.reacher.tests(m, r.blocks)) == 0:
			m.Outcome = notCovered
		case m.copyable() && !r.alone:
			shared = append(shared, m)
		default:
			single = append(single, m)
		}
	}
	r.total = len(shared) + len(single)
	fmt.Fprintf(r.log, "%s: %d tests, %d faults to plant\n",
		r.target.pkg.PkgPath, len(r.reacher.all), r.total)
	for len(shared) > 0 {
		n := min(perBuild, len(shared))
		if err := r.chunk(ctx, shared[:n]); err != nil {
			return err
		}
		shared = shared[n:]
	}
	return each(ctx, r.workers, single, func(ctx context.Context, m *mutant) error {
		defer r.progress(m)
		return r.single(ctx, m, r.reacher.tests(m, r.blocks))
	})
}

// allBlocks returns all blocks of the target, from the profile of a run without tests.
func (r *runner) allBlocks(ctx context.Context) ([]block, error) {
	tr := r.target.testers[0]
	name := filepath.Join(r.dir, "none")
	v := tr.run(ctx, tr.binary(r.dir, "cover"), []string{"none at all"}, 0,
		limits{timeout: time.Minute, temp: r.temp}, "-test.coverprofile="+name)
	if !v.ok {
		return nil, fmt.Errorf("measuring the coverage of %s: %s", tr.path, v.output)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		return nil, err
	}
	return reached(string(data), r.target.pkg.PkgPath, true)
}

// chunk builds faults into one binary per tester and plants each of them.
func (r *runner) chunk(ctx context.Context, mutants []*mutant) error {
	dir, err := os.MkdirTemp(r.dir, "chunk")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	mutants, err = r.buildAll(ctx, dir, mutants)
	if err != nil {
		return err
	}
	for _, tr := range r.target.testers {
		if err := r.baseline(ctx, tr, tr.binary(dir, "all")); err != nil {
			return err
		}
	}
	return each(ctx, r.workers, mutants, func(ctx context.Context, m *mutant) error {
		defer r.progress(m)
		var tests, apart []*test
		for _, t := range r.reacher.tests(m, r.blocks) {
			if t.apart {
				apart = append(apart, t)
			} else {
				tests = append(tests, t)
			}
		}
		v, err := r.runTests(ctx, tests, m.id, func(tr *tester) string { return tr.binary(dir, "all") })
		if err != nil {
			return err
		}
		if v.ok && len(apart) > 0 {
			return r.single(ctx, m, apart)
		}
		m.settle(v)
		return nil
	})
}

// buildAll builds the testers with the faults that compile and returns those faults. The compiler rejects
// some faults that pass the type checker, such as x == 1 && x == 2.
func (r *runner) buildAll(ctx context.Context, dir string, mutants []*mutant) ([]*mutant, error) {
	list, err := overlay(dir, r.target.together(mutants))
	if err != nil {
		return nil, err
	}
	for _, tr := range r.target.testers {
		err := tr.build(ctx, tr.binary(dir, "all"), list, "-gcflags=-e") // report all errors
		if err == nil {
			continue
		}
		if _, ok := err.(*buildError); !ok {
			return nil, err
		}
		good := r.target.refused(mutants, err.Error())
		if len(good) == len(mutants) {
			return nil, err
		}
		r.done += len(mutants) - len(good)
		return r.buildAll(ctx, dir, good)
	}
	return mutants, nil
}

// baseline runs a tester's tests without a fault and records their times. Tests that fail twice run only
// with faults that are built separately.
func (r *runner) baseline(ctx context.Context, tr *tester, bin string) error {
	l := limits{timeout: 10 * time.Minute, mib: r.mib, temp: r.temp}
	v := tr.run(ctx, bin, names(tr.tests), 0, l, "-test.v=test2json")
	passed, failed := outcomes(v.output)
	again := map[string]bool{}
	for _, name := range failed {
		again[name] = !tr.run(ctx, bin, []string{name}, 0, l).ok
	}
	if !v.ok && len(failed) == 0 {
		return fmt.Errorf("the tests of %s fail without a fault (%s):\n%s", tr.path, v.by, v.output)
	}
	for _, t := range tr.tests {
		if d, ok := passed[t.name]; ok {
			t.time = d
		}
		t.apart = again[t.name]
		if t.apart {
			fmt.Fprintf(r.log, "%s: needs faults that are built separately\n", t.name)
		}
	}
	return ctx.Err()
}

func names(tests []*test) []string {
	var all []string
	for _, t := range tests {
		all = append(all, t.name)
	}
	return all
}

// single builds one fault separately and runs tests with it.
func (r *runner) single(ctx context.Context, m *mutant, tests []*test) error {
	dir, err := os.MkdirTemp(r.dir, "single")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list, err := overlay(dir, alone(m))
	if err != nil {
		return err
	}
	built := map[*tester]bool{}
	for _, t := range tests {
		if built[t.tester] {
			continue
		}
		built[t.tester] = true
		err := t.tester.build(ctx, t.tester.binary(dir, "one"), list)
		if _, ok := err.(*buildError); ok {
			m.Outcome = noBuild
			return nil
		} else if err != nil {
			return err
		}
	}
	v, err := r.runTests(ctx, tests, 0, func(tr *tester) string { return tr.binary(dir, "one") })
	if err == nil {
		m.settle(v)
	}
	return err
}

// runTests runs tests in stages, the fastest first, until one notices the fault.
func (r *runner) runTests(
	ctx context.Context, tests []*test, id int, bin func(*tester) string,
) (verdict, error) {
	for _, tr := range r.target.testers {
		for _, stage := range stages(tests, tr) {
			var usual time.Duration
			for _, t := range stage {
				usual += t.time
			}
			l := limits{timeout: 3*time.Second + r.factor*usual, mib: r.mib, temp: r.temp}
			v := tr.run(ctx, bin(tr), names(stage), id, l, "-test.failfast")
			if v.by == timedOut {
				v = r.retry(ctx, tr, bin(tr), stage, id, l, v)
			}
			if ctx.Err() != nil {
				return v, ctx.Err()
			}
			if !v.ok {
				return v, nil
			}
		}
	}
	return verdict{ok: true}, nil
}

// retry decides about a run that timed out with verdict v. It runs the tests without a fault. If they are
// slow too, the machine is busy, and the run is repeated with more time.
func (r *runner) retry(
	ctx context.Context, tr *tester, bin string, stage []*test, id int, l limits, v verdict,
) verdict {
	control := tr.binary(r.dir, "cover") // without faults
	start := time.Now()
	if tr.run(ctx, control, names(stage), 0, l); time.Since(start) < l.timeout/2 {
		return v
	}
	l.timeout *= 3
	return tr.run(ctx, bin, names(stage), id, l, "-test.failfast")
}

// stages divides a tester's tests by their usual time, the fastest first. One process runs the tests of a
// stage, in the order of the source.
func stages(tests []*test, tr *tester) [][]*test {
	bounds := []time.Duration{20 * time.Millisecond, 200 * time.Millisecond, time.Second, time.Hour}
	parts := make([][]*test, len(bounds))
	for _, t := range tests {
		if t.tester != tr {
			continue
		}
		i := 0
		for i < len(bounds)-1 && t.time > bounds[i] {
			i++
		}
		parts[i] = append(parts[i], t)
	}
	var full [][]*test
	for _, p := range parts {
		if len(p) > 0 {
			full = append(full, p)
		}
	}
	return full
}

func (m *mutant) settle(v verdict) {
	m.Outcome, m.By = noticed, v.by
	if v.ok {
		m.Outcome = survived
	}
}

// progress logs each survivor, and the progress after every 50 faults.
func (r *runner) progress(m *mutant) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.done++
	if m.Outcome == survived && m.Known == "" {
		fmt.Fprintf(r.log, "survived: %v\n", m)
	}
	if r.done%50 == 0 {
		fmt.Fprintf(r.log, "%d of %d\n", r.done, r.total)
	}
}

// each calls f for every item, on several goroutines, until a call fails.
func each[T any](ctx context.Context, workers int, items []T, f func(context.Context, T) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan T)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for item := range next {
				if ctx.Err() != nil {
					continue
				}
				if err := f(ctx, item); err != nil {
					cancel(err)
				}
			}
		})
	}
	for _, item := range items {
		next <- item
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}
