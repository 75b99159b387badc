package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// parse reads flags, which may stand before or after arguments, and returns the
// arguments. The help, if it was asked for, is printed to stdout, and the error is
// flag.ErrHelp.
func parse(fs *flag.FlagSet, help string, args []string, stdout io.Writer) (rest []string, err error) {
	fs.SetOutput(io.Discard) // of an error we tell in a sentence, without the help
	for {
		switch err := fs.Parse(args); {
		case errors.Is(err, flag.ErrHelp):
			fmt.Fprint(stdout, help)
			fs.SetOutput(stdout)
			fs.PrintDefaults()
			return nil, err
		case err != nil:
			text := err.Error()
			if strings.HasPrefix(text, "invalid value") {
				text = strings.Replace(text, ": parse error",
					": a duration is like 90s or 5m, a number like 8", 1)
			}
			return nil, fmt.Errorf("%s; '%s -help' lists the flags", text, fs.Name())
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

// runFlags are the flags of the commands that run the native suite.
type runFlags struct {
	set              *flag.FlagSet
	help             string
	cases, exclude   string
	agent, out, spec string
	closePath        string
	parallel         int
	timeout          time.Duration
	header           http.Header
	quick, json      bool
	insecure         bool
	tls              *tls.Config // of a server for clients
	made             bool        // the directory of the report is new

	profile, failOn, known string
	policy                 report.Policy // of these three
	numbered               bool          // only cases of the original suite
	junit, summary         string
	single                 bool
	command                string // that runs the server under test
	wait                   time.Duration
	server                 *shellServer // of these two
	url                    string       // of the server under test, or of ours, for the report
	begun                  time.Time    // of the run
}

// newFlagSet is a set of flags that leaves it to us to print errors.
func newFlagSet(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

// newRunFlags declares the flags that all these commands have. profile and timeout are
// the defaults of -profile and -timeout.
func newRunFlags(name, help, profile string, timeout time.Duration) *runFlags {
	f := &runFlags{set: newFlagSet(name), help: help, parallel: suite.DefaultParallel}
	f.set.StringVar(&f.cases, "cases", "",
		"comma `list` of patterns of cases to run, such as '1.*,12.4.3' (default all)")
	f.set.StringVar(&f.exclude, "exclude", "", "comma `list` of patterns of cases to leave out")
	f.set.StringVar(&f.out, "out", "reports", "`DIR` for the report; other files that are there stay")
	f.set.DurationVar(&f.timeout, "timeout", timeout, "time limit of the whole run; 0 means none")
	f.set.BoolVar(&f.json, "json", false,
		"print the verdicts as JSON, in the form of the report's index.json with the\noutcome, reason and rule of each, and the summary to standard error")
	f.set.StringVar(&f.junit, "junit", "", "write the results to `FILE` as JUnit XML")
	f.set.StringVar(&f.summary, "summary", "",
		"append a summary in Markdown to `FILE`, such as $GITHUB_STEP_SUMMARY")
	f.set.BoolVar(&f.single, "single", false, "write the report as one page, beside its index.json")
	f.policyFlags(profile)
	f.set.StringVar(&f.known, "known", "", "`FILE` of cases that may fall short")
	return f
}

// quickFlag declares -quick.
func (f *runFlags) quickFlag() {
	f.set.BoolVar(&f.quick, "quick", false,
		"50 messages a case in groups 12 and 13 instead of 1,000; the report says so")
}

// parallelFlag declares -parallel.
func (f *runFlags) parallelFlag(usage string) {
	f.set.IntVar(&f.parallel, "parallel", f.parallel, usage)
}

// specFlag declares -spec.
func (f *runFlags) specFlag() {
	f.set.StringVar(&f.spec, "spec", "",
		"`FILE` with a specification in the JSON form of the original suite, instead of\na URL, -cases and -exclude")
}

// commandFlags declares -command and -wait.
func (f *runFlags) commandFlags() {
	f.set.StringVar(&f.command, "command", "",
		"shell `COMMAND` that runs the server. wscheck starts it once the address is free,\nstarts it again if the server dies or hangs, and ends it after the run")
	f.set.DurationVar(&f.wait, "wait", 0,
		"how long to wait until the server answers (default 30s with -command, else 0)")
}

// headerFlag declares -header.
func (f *runFlags) headerFlag() {
	f.header = http.Header{}
	f.set.Func("header", "a further `FIELD` of each request, such as 'Origin: https://example.org';\nmay be repeated", func(s string) error {
		name, value, ok := strings.Cut(s, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return errors.New("it is not of the form 'Name: value'")
		}
		f.header.Add(name, strings.TrimSpace(value))
		return nil
	})
}

// parse reads the command line and returns its arguments.
func (f *runFlags) parse(args []string, stdout io.Writer) ([]string, error) {
	rest, err := parse(f.set, f.help, args, stdout)
	switch {
	case err != nil:
		return nil, err
	case f.timeout < 0:
		return nil, errors.New("-timeout must not be negative")
	case f.parallel < 1:
		return nil, errors.New("-parallel must be positive")
	case f.wait < 0:
		return nil, errors.New("-wait must not be negative")
	case f.spec != "" && (f.command != "" || f.wait > 0):
		return nil, errors.New("-command and -wait are for one server: they do not go with -spec")
	case f.spec != "" && len(rest) > 0:
		return nil, errors.New("-spec has its own URL: give one of the two")
	case f.spec != "" && (f.given("cases") || f.given("exclude") || f.given("agent")):
		return nil, errors.New("-spec has its own cases and agents: it does not go with -cases, -exclude or -agent")
	}
	f.begun = time.Now()
	return rest, f.setPolicy()
}

// given reports whether a flag stands on the command line.
func (f *runFlags) given(name string) bool {
	given := false
	f.set.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}

// selected returns the cases that the flags name: those to test servers with, and
// those to test clients with.
func (f *runFlags) selected() (servers, clients []*suite.Case, err error) {
	patterns := list(f.cases)
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	cases, err := suite.Cases(patterns, list(f.exclude))
	if err != nil {
		return nil, nil, fmt.Errorf("%w; 'wscheck cases' lists them", err)
	}
	for _, c := range cases {
		if f.numbered && (c.ID[0] < '0' || c.ID[0] > '9') {
			continue
		}
		if c.Servers {
			servers = append(servers, c)
		}
		if c.Clients {
			clients = append(clients, c)
		}
	}
	switch {
	case len(cases) == 0:
		err = errors.New("-exclude leaves no case to run")
	case len(servers)+len(clients) == 0:
		err = fmt.Errorf("-profile %s leaves no case to run", f.profile)
	}
	return servers, clients, err
}

// forServers is the first result of selected, of which there must be some.
func (f *runFlags) forServers() ([]*suite.Case, error) {
	cases, _, err := f.selected()
	if err == nil && len(cases) == 0 {
		err = errors.New("these cases are for clients only: see fuzzingserver")
	}
	return cases, err
}

// forClients is the second result of selected, of which there must be some.
func (f *runFlags) forClients() ([]*suite.Case, error) {
	_, cases, err := f.selected()
	if err == nil && len(cases) == 0 {
		err = errors.New("these cases are for servers only: see fuzzingclient")
	}
	return cases, err
}

// options are those of a run.
func (f *runFlags) options() *suite.Options {
	o := &suite.Options{Quick: f.quick, Parallel: f.parallel, Header: f.header, ClosePath: f.closePath,
		TLS: f.tls}
	if f.insecure {
		o.TLS = &tls.Config{InsecureSkipVerify: true} // asked for by -insecure
	}
	return o
}

// list splits a comma list.
func list(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })
}

// index is the page to open.
func (f *runFlags) index() string { return filepath.Join(f.out, "index.html") }
