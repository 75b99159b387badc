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

// parse parses flags, which may come before or after arguments, and returns the arguments. If
// args ask for help, parse prints it to stdout and returns flag.ErrHelp.
func parse(fs *flag.FlagSet, help string, args []string, stdout io.Writer) (rest []string, err error) {
	fs.SetOutput(io.Discard) // the caller prints errors, without the help
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
					"; want a duration such as 90s or 5m, or a number such as 8", 1)
			}
			return nil, fmt.Errorf("%s; '%s -help' lists the flags", text, fs.Name())
		}
		if fs.NArg() == 0 {
			return rest, nil
		}
		rest, args = append(rest, fs.Arg(0)), fs.Args()[1:]
	}
}

// runFlags are the flags of the commands that run hawser's suite.
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
	tls              *tls.Config // of the server for clients
	made             bool        // wscheck created the directory of the report

	profile, failOn, known string
	policy                 report.Policy // from the three flags above
	numbered               bool          // run only the cases of the original suite
	junit, summary         string
	single                 bool
	command                string // runs the server under test
	wait                   time.Duration
	server                 *shellServer // from the two flags above
	url                    string       // of the server under test or the suite's server
	begun                  time.Time    // start of the run
}

// newFlagSet returns a flag set that does not print errors itself.
func newFlagSet(name string) *flag.FlagSet { return flag.NewFlagSet(name, flag.ContinueOnError) }

// newRunFlags declares the flags that all commands with a run share. profile and timeout are the
// defaults of -profile and -timeout.
func newRunFlags(name, help, profile string, timeout time.Duration) *runFlags {
	f := &runFlags{set: newFlagSet(name), help: help, parallel: suite.DefaultParallel}
	f.set.StringVar(&f.cases, "cases", "",
		"comma-separated `list` of patterns of cases to run, such as '1.*,12.4.3'\n(default all)")
	f.set.StringVar(&f.exclude, "exclude", "", "comma-separated `list` of patterns of cases to exclude")
	f.set.StringVar(&f.out, "out", "reports", "`DIR` for the report; other files in it are kept")
	f.set.DurationVar(&f.timeout, "timeout", timeout, "time limit of the whole run; 0 for none")
	f.set.BoolVar(&f.json, "json", false,
		"print the verdicts to standard output as JSON, like the report's index.json, with\n"+
			"the outcome, reason and rule of each; print the summary to standard error")
	f.set.StringVar(&f.junit, "junit", "", "write the results to `FILE` as JUnit XML")
	f.set.StringVar(&f.summary, "summary", "",
		"append a summary in Markdown to `FILE`, such as $GITHUB_STEP_SUMMARY")
	f.set.BoolVar(&f.single, "single", false, "write the report as a single page and index.json")
	f.policyFlags(profile)
	f.set.StringVar(&f.known, "known", "", "`FILE` that lists cases that may fall short")
	return f
}

// quickFlag declares -quick.
func (f *runFlags) quickFlag() {
	f.set.BoolVar(&f.quick, "quick", false,
		"send 50 messages per case in groups 12 and 13 instead of 1,000")
}

// parallelFlag declares -parallel.
func (f *runFlags) parallelFlag(usage string) {
	f.set.IntVar(&f.parallel, "parallel", f.parallel, usage)
}

// specFlag declares -spec.
func (f *runFlags) specFlag() {
	f.set.StringVar(&f.spec, "spec", "",
		"`FILE` with a specification in the JSON format of the original suite, instead of\n"+
			"a URL, -cases and -exclude")
}

// commandFlags declares -command and -wait.
func (f *runFlags) commandFlags() {
	f.set.StringVar(&f.command, "command", "",
		"shell `COMMAND` that runs the server; wscheck starts it when the address is free,\n"+
			"restarts it if it dies or hangs, and stops it after the run")
	f.set.DurationVar(&f.wait, "wait", 0,
		"how long to wait for the server to answer (default 30s with -command, otherwise 0)")
}

// headerFlag declares -header.
func (f *runFlags) headerFlag() {
	f.header = http.Header{}
	const usage = "additional header `FIELD` of each request, such as 'Origin: https://example.org';\n" +
		"may be repeated"
	f.set.Func("header", usage, func(s string) error {
		name, value, ok := strings.Cut(s, ":")
		if name = strings.TrimSpace(name); !ok || name == "" {
			return errors.New("not of the form 'Name: value'")
		}
		f.header.Add(name, strings.TrimSpace(value))
		return nil
	})
}

// parse parses the command line and returns the arguments.
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
		return nil, errors.New("-spec cannot be combined with -command or -wait")
	case f.spec != "" && len(rest) > 0:
		return nil, errors.New("-spec cannot be combined with a URL")
	case f.spec != "" && (f.given("cases") || f.given("exclude") || f.given("agent")):
		return nil, errors.New("-spec cannot be combined with -cases, -exclude or -agent")
	}
	f.begun = time.Now()
	return rest, f.setPolicy()
}

// given reports whether a flag is set on the command line.
func (f *runFlags) given(name string) bool {
	given := false
	f.set.Visit(func(g *flag.Flag) { given = given || g.Name == name })
	return given
}

// selected returns the cases that the flags select: those for servers and those for clients.
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

// forServers returns the selected cases for servers, or an error if there are none.
func (f *runFlags) forServers() ([]*suite.Case, error) {
	cases, _, err := f.selected()
	if err == nil && len(cases) == 0 {
		err = errors.New("the selected cases apply only to clients; use wscheck fuzzingserver")
	}
	return cases, err
}

// forClients returns the selected cases for clients, or an error if there are none.
func (f *runFlags) forClients() ([]*suite.Case, error) {
	_, cases, err := f.selected()
	if err == nil && len(cases) == 0 {
		err = errors.New("the selected cases apply only to servers; use wscheck fuzzingclient")
	}
	return cases, err
}

// options returns the options of a run.
func (f *runFlags) options() *suite.Options {
	o := &suite.Options{Quick: f.quick, Parallel: f.parallel, Header: f.header, ClosePath: f.closePath,
		TLS: f.tls}
	if f.insecure {
		o.TLS = &tls.Config{InsecureSkipVerify: true} // as -insecure requests
	}
	return o
}

// list splits a list at commas and spaces.
func list(s string) []string {
	return strings.FieldsFunc(s, func(c rune) bool { return c == ',' || c == ' ' })
}

// index returns the path of the main page.
func (f *runFlags) index() string { return filepath.Join(f.out, "index.html") }
