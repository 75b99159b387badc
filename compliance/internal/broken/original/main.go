// The program original asks the original Autobahn suite about the peers of package
// broken, and writes its verdicts to a file:
//
//	go run ./internal/broken/original -wstest DIR
//
// It asks one peer after the other, and writes the file after each, so that it may
// be stopped and run again with -missing. All of it takes an hour or two. With
// Clients are asked in the cases that told a server, and a few more. With
// -again it asks once more in the cases that differ, and adds what is new: some
// verdicts depend on masking keys or on timing.
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

// runTimeout bounds the questions about one peer.
const runTimeout = 10 * time.Minute

// asker is what the flags say.
type asker struct {
	wstest, out string
	missing     bool
	again       bool
	file        *broken.Original
}

func main() {
	a := &asker{}
	flag.StringVar(&a.wstest, "wstest", os.Getenv("HAWSER_WSTEST"),
		"the wstest to ask, or a directory that wscheck autobahn -install made")
	flag.StringVar(&a.out, "o", "internal/broken/testdata/original.json",
		"the file to write, and to begin with")
	flag.BoolVar(&a.missing, "missing", false, "ask only about peers that are not in the file")
	flag.BoolVar(&a.again, "again", false, "ask once more in the cases that differ")
	defects := flag.String("defects", "*",
		"the defects to ask about, a shell pattern; \"\" for the right peers alone")
	role := flag.String("role", "", "server or client; both if empty")
	right := flag.Bool("right", false, "ask about the right peers too, even if they are in the file")
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

// askRight asks about a right peer, in every case that any defect asks for and the
// rest of groups 1 to 10.
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
	fmt.Printf("%-6s right: %d cases in %v, %d fall short %v\n", role, len(verdicts), took, len(short), short)
	if len(short) > 0 {
		return errors.New("the right peer is not right")
	}
	return a.save()
}

// askDefect asks about a peer with a defect.
func (a *asker) askDefect(ctx context.Context, d broken.Defect, role string) error {
	run := broken.OriginalRun{Defect: d.Name, Role: role, Cases: d.Cases,
		Differs: map[string][]broken.Verdict{}}
	cases := d.Cases
	if had := a.file.Run(d.Name, "server"); role == "client" && had != nil {
		// Client and server are one code: the cases that tell are the same.
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
			return fmt.Errorf("case %s was not run with the right %s; run again with -right", id, role)
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
func (a *asker) ask(ctx context.Context, defect, role string, cases []string) (map[string]broken.Verdict,
	time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, runTimeout)
	defer cancel()
	dir, err := os.MkdirTemp("", "original-")
	if err != nil {
		return nil, 0, err
	}
	defer os.RemoveAll(dir)
	o := autobahn.Options{Agent: "broken", Cases: cases, Dir: dir, Wstest: a.wstest}
	if role == "server" {
		s := &broken.Server{Defect: defect, Spared: 1} // the first one is the look at it
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
		r := report.Results[id] // none if it was not run
		verdicts[id] = broken.Verdict{string(r.Behavior), string(r.BehaviorClose)}
	}
	return verdicts, report.Took.Round(100 * time.Millisecond), nil
}

// dial makes a Dialer of the broken client. What the suite asks for beside the
// cases is done by a right one.
func dial(defect string) testee.Dialer {
	return func(ctx context.Context, url string, config *tls.Config) (testee.Conn, error) {
		if !strings.Contains(url, "/runCase") {
			return testee.Hawser(ctx, url, config)
		}
		return &echo{client: &broken.Client{Defect: defect}, url: url}, nil
	}
}

// echo is a connection that returns messages by itself.
type echo struct {
	client *broken.Client
	url    string
}

// Read sees the connection through, from its opening on.
func (e *echo) Read(ctx context.Context) (bool, []byte, error) {
	if err := e.client.Echo(ctx, e.url); err != nil {
		return false, nil, err
	}
	return false, nil, io.EOF
}

func (e *echo) Write(context.Context, bool, []byte) error { return errors.ErrUnsupported }

func (e *echo) Close() error { return nil }
