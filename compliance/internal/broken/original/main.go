// Original runs the original Autobahn test suite against the peers of package broken and writes
// the verdicts to a file:
//
//	go run ./internal/broken/original -wstest DIR
//
// It tests one peer after another and writes the file after each, so that you can stop it and
// continue with -missing. A full run takes one to two hours. Clients run the cases that detect
// the defect in a server, and a few more. With -again, it repeats the cases that differ and adds
// new verdicts, because some verdicts depend on masking keys or timing.
package main

import (
	"context"
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// runTimeout limits the run against one peer.
const runTimeout = 10 * time.Minute

// An asker runs the original suite as the flags say.
type asker struct {
	wstest, out string
	missing     bool
	again       bool
	file        *broken.Original
}

func main() {
	a := &asker{}
	flag.StringVar(&a.wstest, "wstest", os.Getenv("HAWSER_WSTEST"),
		"`PATH` of wstest, or of a directory made by wscheck autobahn -install")
	flag.StringVar(&a.out, "o", "internal/broken/testdata/original.json",
		"`FILE` to update")
	flag.BoolVar(&a.missing, "missing", false, "test only peers that are not in the file")
	flag.BoolVar(&a.again, "again", false, "repeat the cases that differ")
	defects := flag.String("defects", "*",
		"shell `PATTERN` of the defects to test; \"\" for none")
	role := flag.String("role", "", "`ROLE` to test: server or client (default both)")
	right := flag.Bool("right", false, "test the peers without a defect even if they are in the file")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := a.run(ctx, *defects, *role, *right); err != nil {
		fmt.Fprintln(os.Stderr, "original:", err)
		os.Exit(1)
	}
}

func (a *asker) run(ctx context.Context, pattern, only string, right bool) error {
	data, err := os.ReadFile(a.out)
	if errors.Is(err, os.ErrNotExist) {
		data, err = []byte("{}"), nil
	}
	if err != nil {
		return err
	}
	if a.file, err = broken.ParseOriginal(data); err != nil {
		return err
	}
	a.file.Suite = autobahn.Version
	for _, role := range []string{"server", "client"} {
		if only != "" && only != role {
			continue
		}
		if right || a.file.Right[role] == nil {
			if err := a.askRight(ctx, role); err != nil {
				return err
			}
		}
		for _, d := range broken.Defects() {
			if d.Roles&broken.RoleOf(role) == 0 || a.missing && a.file.Run(d.Name, role) != nil {
				continue
			}
			if ok, err := path.Match(pattern, d.Name); err != nil || !ok {
				if err != nil {
					return err
				}
				continue
			}
			if err := a.askDefect(ctx, d, role); err != nil {
				return err
			}
		}
	}
	return nil
}

// askRight tests a peer without a defect in the cases of all defects and in group 9.
func (a *asker) askRight(ctx context.Context, role string) error {
	var cases []string
	for _, d := range broken.Defects() {
		cases = append(cases, d.Cases...)
	}
	cases = append(cases, "9.*")
	slices.Sort(cases)
	verdicts, took, err := a.ask(ctx, "", role, slices.Compact(cases))
	if err != nil {
		return err
	}
	a.file.Right[role] = verdicts
	var short []string
	for id, v := range verdicts {
		for _, word := range v {
			if word != "OK" && word != "INFORMATIONAL" {
				short = append(short, id)
			}
		}
	}
	fmt.Printf("%-6s without a defect: %d cases in %v, %d fall short %v\n", role, len(verdicts), took,
		len(short), short)
	if len(short) > 0 {
		return errors.New("the peer without a defect falls short")
	}
	return a.save()
}

// askDefect tests a peer with a defect.
func (a *asker) askDefect(ctx context.Context, d broken.Defect, role string) error {
	run := broken.OriginalRun{Defect: d.Name, Role: role, Cases: d.Cases,
		Differs: map[string][]broken.Verdict{}}
	cases := d.Cases
	if had := a.file.Run(d.Name, "server"); role == "client" && had != nil {
		// Client and server share their code, so the same cases detect the defect.
		cases = append(slices.Sorted(maps.Keys(had.Differs)), broken.ClientCases()...)
		run.Cases = cases
	}
	if a.again {
		had := a.file.Run(d.Name, role)
		if had == nil || len(had.Differs) == 0 {
			return nil
		}
		run = *had
		cases = slices.Sorted(maps.Keys(run.Differs))
	}
	verdicts, took, err := a.ask(ctx, d.Name, role, cases)
	if err != nil {
		return fmt.Errorf("%s, %s: %w", d.Name, role, err)
	}
	for id, v := range verdicts {
		was, ok := a.file.Right[role][id]
		if !ok {
			return fmt.Errorf("no verdict on the %s without a defect in case %s; run again with -right", role,
				id)
		}
		if (v != was || a.again) && !slices.Contains(run.Differs[id], v) {
			run.Differs[id] = append(run.Differs[id], v)
			if a.again {
				fmt.Printf("%s is now %v\n", id, run.Differs[id])
			}
		}
	}
	fmt.Printf("%-6s %-32s %4d of %4d differ, %v\n", role, d.Name, len(run.Differs), len(verdicts), took)
	a.file.Set(run)
	return a.save()
}

func (a *asker) save() error { return os.WriteFile(a.out, a.file.Format(), 0o644) }

// ask runs the original suite.
func (a *asker) ask(ctx context.Context, defect, role string, cases []string) (
	map[string]broken.Verdict, time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "original-")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	o := autobahn.Options{Agent: "broken", Cases: cases, Dir: dir, Wstest: a.wstest}
	if role == "server" {
		s := &broken.Server{Defect: defect, Spared: 1} // the first connection is a probe
		if o.Server, err = s.Start(); err != nil {
			return nil, 0, err
		}
		defer s.Close()
	} else {
		o.Client = dial(defect)
	}
	report, err := autobahn.Run(ctx, o)
	if err != nil {
		return nil, 0, err
	}
	verdicts := map[string]broken.Verdict{}
	for _, id := range report.Cases {
		r := report.Results[id] // empty if the case did not run
		verdicts[id] = broken.Verdict{string(r.Behavior), string(r.BehaviorClose)}
	}
	return verdicts, report.Took.Round(100 * time.Millisecond), nil
}

// dial returns a Dialer of the client with a defect. Requests for anything but a case use
// hawser's client.
func dial(defect string) testee.Dialer {
	return func(ctx context.Context, url string, config *tls.Config) (testee.Conn, error) {
		if !strings.Contains(url, "/runCase") {
			return testee.Hawser(ctx, url, config)
		}
		return &echo{client: &broken.Client{Defect: defect}, url: url}, nil
	}
}

// An echo is a connection that sends messages back by itself.
type echo struct {
	client *broken.Client
	url    string
}

// Read opens the connection and runs it to its end.
func (e *echo) Read(ctx context.Context) (bool, []byte, error) {
	if err := e.client.Echo(ctx, e.url); err != nil {
		return false, nil, err
	}
	return false, nil, io.EOF
}

func (e *echo) Write(context.Context, bool, []byte) error { return errors.ErrUnsupported }

func (e *echo) Close() error { return nil }
