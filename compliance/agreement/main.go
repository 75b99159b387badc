// Command agreement tests WebSocket libraries of other projects with the original Autobahn
// test suite and with hawser's suite, and shows where the verdicts differ.
//
//	go run ./compliance/agreement
//
// The peers are Go libraries, which run inside this program, and libraries from npm, PyPI,
// Maven and cargo, which it installs, and a Chromium on PATH. The command prints a table and
// also writes it to agreement.md in the directory of -out, which has the reports of both
// suites. The flag -help lists the flags.
//
// The exit status is 0 if all verdicts are equal or every difference is explained, 1 if a
// difference is not explained, and 2 if a peer or a suite could not run.
package main

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/autobahn"
)

func main() {
	if n, err := strconv.Atoi(os.Getenv(busyVariable)); err == nil {
		beBusy(n)
		return
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(command(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// config has the values of the flags.
type config struct {
	peers   []*peers.Peer
	sides   []side
	cases   []string
	named   bool // cases are those of -cases
	load    int  // the number of busy loops
	full    bool
	out     string
	wstest  string
	stored  bool
	update  string
	letters string
	install bool
	env     *peers.Env
	log     io.Writer
}

// usual are the cases without -cases and -full. The large cases of groups 12 and 13, which
// take more than nine tenths of the time, are not among them.
var usual = []string{
	"1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*",
	"12.?.1", "12.?.2", "12.?.3", "12.?.11", "13.?.1", "13.?.2", "13.?.3", "13.?.11",
}

// command runs the command and returns its exit status.
func command(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	c, err := parse(args, stderr)
	if errors.Is(err, flag.ErrHelp) {
		return 0
	} else if err != nil {
		fmt.Fprintln(stderr, "agreement:", err)
		return 2
	}
	c.log = stderr
	if do := c.alone(); do != nil {
		err := do(ctx)
		if err == nil {
			return 0
		}
		fmt.Fprintln(stderr, "agreement:", err)
		if errors.Is(err, errDiffer) {
			return 1
		}
		return 2
	}
	tallies, err := c.compareAll(ctx)
	if len(tallies) > 0 {
		err = errors.Join(err, c.show(stdout, tallies))
	}
	var missing *autobahn.NoRunnerError
	if errors.As(err, &missing) {
		fmt.Fprintln(stderr, "agreement:", missing, "Without one, use -stored, which takes the original's "+
			"verdicts from this module.")
		return 2
	}
	if err != nil {
		fmt.Fprintln(stderr, "agreement:", err)
		return 2
	}
	for _, t := range tallies {
		if t.unexplained() > 0 {
			return 1
		}
	}
	return 0
}

// alone returns the function that a flag selects instead of the comparison, or nil.
func (c *config) alone() func(context.Context) error {
	switch {
	case c.install:
		return c.installAll
	case c.load > 0:
		return c.compareLoad
	case c.letters != "":
		return c.listLetters
	case c.update != "":
		return c.updateAll
	}
	return nil
}

// installAll installs every peer.
func (c *config) installAll(ctx context.Context) error {
	var failures []error
	for _, p := range c.peers {
		failures = append(failures, c.installOne(ctx, p))
	}
	return errors.Join(failures...)
}

// installOne installs a peer, if necessary.
func (c *config) installOne(ctx context.Context, p *peers.Peer) error {
	if p.Install == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	version, err := p.Install(ctx, c.env)
	if err != nil {
		return fmt.Errorf("installing %s: %w", p.Name, err)
	}
	p.Version = version
	return nil
}

// compareAll compares the verdicts of both suites on every run.
func (c *config) compareAll(ctx context.Context) ([]*tally, error) {
	var tallies []*tally
	err := c.each(ctx, func(p *peers.Peer, r run) error {
		first, err := c.originalVerdicts(ctx, p, r)
		if err != nil {
			return err
		}
		began := time.Now()
		results, err := c.native(ctx, p, r.Side, first.ids(), "native")
		if err != nil {
			return err
		}
		fmt.Fprintf(c.log, "%v: %d cases of hawser's suite in %.1f s\n",
			r, len(results), time.Since(began).Seconds())
		native := fromResults(results)
		t := compare(r, p.Agent(), first, native)
		if err := c.settle(ctx, p, t, first, native); err != nil {
			return err
		}
		fmt.Fprintf(c.log, "%v: %d verdicts unequal, %d not explained\n", r, len(t.Unequal), t.unexplained())
		tallies = append(tallies, t)
		return nil
	})
	return tallies, err
}

// originalVerdicts returns the original's verdicts on a run. With -stored, they are the
// verdicts in this module.
func (c *config) originalVerdicts(ctx context.Context, p *peers.Peer, r run) (verdicts, error) {
	if !c.stored {
		rep, err := c.original(ctx, p, r.Side, c.cases, "original")
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(c.log, "%v: %d cases of the original in %.1f s\n",
			r, len(rep.Results), rep.Took.Seconds())
		return fromEntries(rep.Results), nil
	}
	agent, v, err := stored(r)
	if err != nil {
		return nil, err
	}
	if agent != p.Agent() {
		fmt.Fprintf(c.log, "note: the stored verdicts are on %s\n", agent)
	}
	wanted, err := autobahn.ExpandCases(c.cases, nil)
	if err != nil {
		return nil, err
	}
	for id := range v {
		if !slices.Contains(wanted, id) {
			delete(v, id)
		}
	}
	return v, nil
}

// show prints the table and also writes it to the directory of the reports.
func (c *config) show(stdout io.Writer, tallies []*tally) error {
	if err := os.MkdirAll(c.out, 0o755); err != nil {
		return err
	}
	var b bytes.Buffer
	if err := writeTable(&b, tallies); err != nil {
		return err
	}
	path := filepath.Join(c.out, "agreement.md")
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%s\nThe table is in %s, and the reports of both suites are in the same "+
		"directory.\n", &b, path)
	return err
}

func parse(args []string, stderr io.Writer) (*config, error) {
	c := &config{env: &peers.Env{}}
	fs := flag.NewFlagSet("agreement", flag.ContinueOnError)
	fs.SetOutput(stderr)
	names := fs.String("peers", "", "test only these `peers`, such as gorilla,ws")
	sides := fs.String("sides", "server,client", "test the peers only as these `sides`")
	cases := fs.String("cases", "", "run only the cases that match these `patterns`, such as 1.*,12.4.3 "+
		"(default: all except the larger sizes in groups 12 and 13)")
	fs.BoolVar(&c.full, "full", false, "run all 517 cases, which takes hours")
	fs.StringVar(&c.out, "out", "", "write the reports to this `directory` (default: reports below -cache)")
	fs.StringVar(&c.wstest, "wstest", "", "run the original as this `path`, which is a wstest "+
		"or a directory of wscheck autobahn -install")
	fs.BoolVar(&c.stored, "stored", false, "take the original's verdicts from this module")
	fs.StringVar(&c.update, "update", "", "run only the original and store its verdicts in `directory`, "+
		"which is a checkout of this module")
	fs.StringVar(&c.letters, "letters", "", "run only the letter groups and list the verdicts "+
		"that are not OK in `file`")
	fs.IntVar(&c.load, "load", 0, "run hawser's suite twice, the second time with `n` busy loops, "+
		"and list the verdicts that differ")
	fs.BoolVar(&c.install, "install", false, "only install the peers")
	fs.StringVar(&c.env.Cache, "cache", "", "install the peers into this `directory` "+
		"(default: hawser/peers in the user's cache directory)")
	if err := fs.Parse(args); err != nil {
		return nil, err
	}
	if fs.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q: only flags are allowed", fs.Arg(0))
	}
	c.cases, c.named = list(*cases), *cases != ""
	if err := c.conflict(); err != nil {
		return nil, err
	}
	var err error
	if c.peers, err = peers.Select(list(*names)); err != nil {
		return nil, err
	}
	for _, s := range list(*sides) {
		if s := side(s); s != server && s != client {
			return nil, fmt.Errorf("-sides: %q must be server or client", s)
		}
		c.sides = append(c.sides, side(s))
	}
	if !c.named && !c.full && c.letters == "" {
		c.cases = expandDigits(usual)
	}
	if c.env.Cache == "" {
		if c.env.Cache, err = peers.DefaultCache(); err != nil {
			return nil, err
		}
	}
	if c.env.Cache, err = filepath.Abs(c.env.Cache); err != nil {
		return nil, err
	}
	if c.out == "" {
		c.out = filepath.Join(c.env.Cache, "reports")
	}
	return c, nil
}

// conflict returns an error for flags that cannot be combined.
func (c *config) conflict() error {
	modes := 0
	for _, on := range []bool{c.stored, c.update != "", c.install, c.letters != "", c.load != 0} {
		if on {
			modes++
		}
	}
	switch {
	case c.full && c.named:
		return errors.New("-full and -cases cannot be combined")
	case modes > 1:
		return errors.New("-stored, -update, -install, -letters and -load cannot be combined")
	case c.load < 0:
		return errors.New("-load must be at least 1")
	}
	return nil
}

// list splits a flag's value at its commas.
func list(s string) []string {
	return strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' })
}

// expandDigits replaces a question mark in a pattern with each digit that has a case.
func expandDigits(patterns []string) []string {
	var out []string
	for _, p := range patterns {
		head, tail, ok := strings.Cut(p, "?")
		if !ok {
			out = append(out, p)
			continue
		}
		last := 5
		if head == "13." {
			last = 7
		}
		for d := 1; d <= last; d++ {
			out = append(out, fmt.Sprintf("%s%d%s", head, d, tail))
		}
	}
	return out
}

// each installs every peer and calls do for each of its sides that -sides names. After an
// error it continues with the next side or peer.
func (c *config) each(ctx context.Context, do func(p *peers.Peer, r run) error) error {
	var failures []error
	for _, p := range c.peers {
		runs := c.runsOf(p)
		if len(runs) == 0 {
			continue
		}
		if err := c.installOne(ctx, p); err != nil {
			failures = append(failures, err)
			continue
		}
		for _, r := range runs {
			if ctx.Err() != nil {
				return errors.Join(append(failures, context.Cause(ctx))...)
			}
			if err := do(p, r); err != nil {
				failures = append(failures, fmt.Errorf("%s as a %s: %w", p.Name, r.Side, err))
			}
		}
	}
	return errors.Join(failures...)
}

// runsOf returns the sides of a peer that -sides names.
func (c *config) runsOf(p *peers.Peer) (runs []run) {
	if p.Serve != nil && slices.Contains(c.sides, server) {
		runs = append(runs, run{p.Name, server})
	}
	if p.Drive != nil && slices.Contains(c.sides, client) {
		runs = append(runs, run{p.Name, client})
	}
	return runs
}

// updateAll runs the original on every run and stores its verdicts.
func (c *config) updateAll(ctx context.Context) error {
	return c.each(ctx, func(p *peers.Peer, r run) error {
		rep, err := c.original(ctx, p, r.Side, c.cases, "original")
		if err != nil {
			return err
		}
		if err := rep.Write(c.log); err != nil {
			return err
		}
		return store(c.update, r, rep.Agent, rep.Results)
	})
}
