// Command wsbench compares WebSocket servers: the CPU time of a message on the server, its system calls and
// allocations, the time until its echo is complete, and the memory of a connection.
//
//	go run ./compliance/bench/cmd/wsbench -out results
//
// Each server runs in a process of its own with one processor. Every repetition has a short burst of each load
// for each server. The README explains the rows of the table.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

func main() {
	if args := os.Getenv(serverVar); args != "" {
		if err := serve(args); err != nil {
			fmt.Fprintln(os.Stderr, args+":", err)
			os.Exit(1)
		}
		return
	}
	cfg, err := parse(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		os.Exit(2) // parse has printed the error
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the command
	if err := cfg.run(ctx, os.Stdout, os.Stderr); err != nil {
		fmt.Fprintln(os.Stderr, "wsbench:", err)
		os.Exit(1)
	}
}

// config has the values of the flags.
type config struct {
	time           time.Duration
	reps           int
	rows, servers  string
	commands       commands
	gobwas         string
	fastwebsockets bool
	scaling        bool
	out, readme    string
}

// commands are the values of the flag -server.
type commands []*candidate

func (c *commands) String() string { return "" }

func (c *commands) Set(v string) error {
	name, command, found := strings.Cut(v, "=")
	if !found || name == "" || strings.ContainsAny(name, " |") {
		return errors.New("want NAME=COMMAND")
	}
	*c = append(*c, newCommand(name, command))
	return nil
}

// newCommand returns the server that a command starts. It is measured with all loads.
func newCommand(name, command string) *candidate {
	return &candidate{name: name, command: command, can: ^echo.Can(0), running: map[echo.Options]*server{}}
}

// parse parses the flags. It prints errors and help to usage.
func parse(args []string, usage io.Writer) (*config, error) {
	c := &config{}
	f := flag.NewFlagSet("wsbench", flag.ContinueOnError)
	f.SetOutput(usage)
	f.DurationVar(&c.time, "time", 5*time.Minute, "about the `duration` of the run, from 1m to 20m for a whole table")
	f.IntVar(&c.reps, "reps", 11, "the `number` of repetitions")
	f.StringVar(&c.rows, "rows", "", "measure only these `rows`, such as 125b,64k; \"list\" lists them")
	f.StringVar(&c.servers, "servers", "", "measure only these `servers`, such as rawtcp,hawser; \"none\" for none but those of -server")
	f.Var(&c.commands, "server", "also measure the echo server that `NAME=COMMAND` starts. It must print its address, HOST:PORT or a URL with an IP address")
	f.StringVar(&c.gobwas, "gobwas", "", "also measure this `version` of gobwas/ws, such as 1.5.0, which needs Go 1.26")
	f.BoolVar(&c.fastwebsockets, "fastwebsockets", false, "also measure fastwebsockets, which cargo downloads and builds")
	f.BoolVar(&c.scaling, "scaling", false, "also measure from 10 to 50,000 connections and from 16 B to 1 MiB, for some minutes more")
	f.StringVar(&c.out, "out", "", "write report.md, report.json and charts to this `directory`")
	f.StringVar(&c.readme, "readme", "", "replace the table in this `file`, and write chart.svg beside it")
	err := f.Parse(args)
	if err != nil {
		return c, err
	}
	switch {
	case f.NArg() > 0:
		err = fmt.Errorf("unexpected argument %q", f.Arg(0))
	case c.reps < 1 || c.time <= 0:
		err = errors.New("-reps and -time must be positive")
	}
	if err != nil {
		fmt.Fprintln(usage, "wsbench:", err)
	}
	return c, err
}

// run measures, and writes the results to out and to files. If ctx ends, it writes what it has, but not to
// a README.
func (c *config) run(ctx context.Context, out, status io.Writer) error {
	if c.rows == "list" {
		for _, r := range rows() {
			fmt.Fprintf(out, "%-14s %s\n", r.name, r.title)
		}
		return nil
	}
	r := &run{ctx: ctx, reps: c.reps, end: time.Now().Add(c.time)}
	var err error
	if r.rows, err = choose(rows(), c.rows, func(r row) string { return r.name }); err != nil {
		return fmt.Errorf("-rows: %w", err)
	}
	dir, err := os.MkdirTemp("", "wsbench")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if r.candidates, err = c.candidates(ctx, dir, status); err != nil {
		return err
	}
	runtime.GOMAXPROCS(1) // the client has one goroutine that works
	if r.start, err = proc.Pin(); err != nil {
		return err
	}
	r.report = newReport(r.candidates)
	r.progress = newProgress(status, r.steps())
	r.measure()
	if c.scaling {
		r.scale()
	}
	r.report.Duration = time.Since(r.report.Date)
	if err := r.report.WriteMarkdown(out); err != nil {
		return err
	}
	return errors.Join(r.failed(), context.Cause(ctx), c.write(r.report, ctx.Err() == nil))
}

// choose returns the elements of all whose names are in a comma-separated list. An empty list means all.
func choose[T any](all []T, list string, name func(T) string) ([]T, error) {
	if list == "" {
		return all, nil
	}
	var chosen []T
	for want := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(all, func(t T) bool { return name(t) == want })
		if i < 0 {
			return nil, fmt.Errorf("%q is unknown", want)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}

// candidates returns the servers that the flags choose. It builds some in dir.
func (c *config) candidates(ctx context.Context, dir string, status io.Writer) (all []*candidate, err error) {
	servers := echo.Servers()
	if c.servers == "none" {
		servers = nil
	} else if servers, err = choose(servers, c.servers, func(s echo.Server) string { return s.Name }); err != nil {
		return nil, fmt.Errorf("-servers: %w", err)
	}
	for _, s := range servers {
		all = append(all, &candidate{name: s.Name, can: s.Can, running: map[echo.Options]*server{}})
	}
	all = append(all, c.commands...)
	if c.gobwas != "" {
		built, err := buildGobwas(ctx, dir, c.gobwas, status)
		if err != nil {
			return nil, err
		}
		all = append(all, built)
	}
	if c.fastwebsockets {
		built, err := buildFastwebsockets(ctx, dir, status)
		if err != nil {
			return nil, err
		}
		all = append(all, built)
	}
	seen := map[string]bool{}
	for _, a := range all {
		if seen[a.name] {
			return nil, fmt.Errorf("two servers are named %q", a.name)
		}
		seen[a.name] = true
	}
	if len(all) == 0 {
		return nil, errors.New("there are no servers to measure")
	}
	return all, nil
}

// write writes the files that the flags name. A README gets a whole report only.
func (c *config) write(r *report.Report, whole bool) error {
	if c.out != "" {
		if err := os.MkdirAll(c.out, 0o777); err != nil {
			return err
		}
		if err := r.WriteFiles(c.out); err != nil {
			return err
		}
	}
	if c.readme != "" && whole {
		return r.UpdateReadme(c.readme)
	}
	return nil
}
