package main

import (
	"crypto/tls"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/suite"
)

// runFlags are the flags of the commands that run the native suite.
type runFlags struct {
	set                     *flag.FlagSet
	cases, exclude          string
	agent, out, spec        string
	parallel                int
	timeout                 time.Duration
	quick, full, json, skip bool // skip: no certificate is verified
	urls                    []string
}

// newRunFlags declares the flags that all these commands have.
func newRunFlags(name, help string, stderr io.Writer) *runFlags {
	f := &runFlags{set: flag.NewFlagSet("wscheck "+name, flag.ContinueOnError)}
	f.set.SetOutput(stderr)
	f.set.Usage = func() {
		fmt.Fprint(stderr, help)
		f.set.PrintDefaults()
	}
	f.set.StringVar(&f.cases, "cases", "", "comma `list` of patterns of cases to run, such as '1.*,12.4.3' (default: all)")
	f.set.StringVar(&f.exclude, "exclude", "", "comma `list` of patterns of cases to leave out")
	f.set.StringVar(&f.out, "out", "reports", "`DIR` for the report; what it has of other runs stays")
	f.set.DurationVar(&f.timeout, "timeout", time.Hour, "bound of the whole run")
	f.set.BoolVar(&f.quick, "quick", false, "50 messages a case in groups 12 and 13 instead of 1,000; the report says so")
	f.set.BoolVar(&f.json, "json", false, "print the verdicts as JSON, in the form of the report's index.json")
	return f
}

// remote declares the flags of the commands that test somebody else.
func (f *runFlags) remote() {
	f.set.StringVar(&f.agent, "agent", "", "`name` of the server in the report (default: what it calls itself, or host:port)")
	f.set.StringVar(&f.spec, "spec", "", "`FILE` with a specification in the JSON form of the original suite")
}

// parse reads flags that stand before or after arguments.
func (f *runFlags) parse(args []string, stderr io.Writer) error {
	for {
		if err := f.set.Parse(args); err != nil {
			return err
		}
		args = f.set.Args()
		if len(args) == 0 {
			break
		}
		f.urls, args = append(f.urls, args[0]), args[1:]
	}
	var err error
	switch {
	case f.timeout <= 0:
		err = errors.New("-timeout must be positive")
	case f.parallel < 0:
		err = errors.New("-parallel must be positive")
	case f.quick && f.full:
		err = errors.New("-quick and -full are two runs")
	}
	if err != nil {
		fmt.Fprintf(stderr, "wscheck: %v; -help tells more\n", err)
	}
	return err
}

// selected returns the cases that the flags name, of those that servers, or clients,
// can be tested with.
func (f *runFlags) selected(servers bool) ([]*suite.Case, error) {
	patterns := list(f.cases)
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	cases, err := suite.Cases(patterns, list(f.exclude))
	if err != nil {
		return nil, err
	}
	var fit []*suite.Case
	for _, c := range cases {
		if servers && c.Servers || !servers && c.Clients {
			fit = append(fit, c)
		}
	}
	if len(fit) == 0 {
		return nil, errors.New("no case is left to run")
	}
	return fit, nil
}

// options are those of a run.
func (f *runFlags) options() *suite.Options {
	o := &suite.Options{Agent: f.agent, Quick: f.quick, Parallel: f.parallel}
	if f.skip {
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
