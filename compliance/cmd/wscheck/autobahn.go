package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"github.com/hawser-ws/hawser/compliance/autobahn"
	"github.com/hawser-ws/hawser/compliance/testee"
)

const autobahnHelp = `usage: wscheck autobahn -server URL [flags]
       wscheck autobahn -client [flags]
       wscheck autobahn -install DIR [-server URL | -client] [flags]

Runs the original Autobahn test suite, ` + autobahn.Version + `, against a WebSocket server or
hawser's own client. The suite is a program called wstest. wscheck uses the one that
-wstest names or -install installs, or else one on PATH, or else the suite's own Docker
image. The suite connects only to loopback addresses and to the server that you name.

In patterns, * matches any characters, and the whole id must match: '12.*.1' is five
cases. (wstest's own patterns have no end anchor, so that the same pattern also
matches 12.1.10 to 12.1.18.) Groups 1 to 7 and 10 take about 10 seconds. Groups 12 and
13, which test compression, take most of the time of a full run.

A case passes if both verdicts, behavior and behaviorClose, are OK or INFORMATIONAL.

Exit status: 0 all cases passed, 1 some fell short, 2 some did not run or the run failed.

Flags:
`

// autobahnFlags are the flags of wscheck autobahn.
type autobahnFlags struct {
	server, install, python string
	client                  bool
	cases, exclude, out     string
	timeout                 time.Duration
	options                 autobahn.Options
}

func parseAutobahn(args []string, stdout io.Writer) (*autobahnFlags, error) {
	f := new(autobahnFlags)
	fs := flag.NewFlagSet("wscheck autobahn", flag.ContinueOnError)
	fs.StringVar(&f.server, "server", "", "test the server at this ws or wss `URL`")
	fs.BoolVar(&f.client, "client", false, "test hawser's client")
	fs.StringVar(&f.install, "install", "",
		"install wstest in `DIR` with pip and Python 2.7, with pinned versions, and use it;\n"+
			"an existing installation in DIR is kept")
	fs.StringVar(&f.python, "python", "",
		"with -install: `PATH` of Python 2.7 (default: from PATH or pyenv)")
	fs.StringVar(&f.cases, "cases", "", "comma-separated `list` of patterns of cases (default: all 517)")
	fs.StringVar(&f.exclude, "exclude", "", "comma-separated `list` of patterns of cases to exclude")
	fs.StringVar(&f.out, "out", "", "`DIR` for the reports (default ./reports/autobahn/servers or clients)")
	fs.StringVar(&f.options.Agent, "agent", "",
		"`NAME` of the peer under test in the reports (default: host and port, or hawser)")
	fs.StringVar(&f.options.Wstest, "wstest", "",
		"`PATH` of wstest, or of a directory made by -install")
	fs.BoolVar(&f.options.Docker, "docker", false, "use Docker even if wstest is available")
	fs.StringVar(&f.options.Image, "image", autobahn.DefaultImage, "Docker `IMAGE`")
	fs.DurationVar(&f.timeout, "timeout", time.Hour, "time limit of the whole run")
	fs.BoolVar(&f.options.Insecure, "insecure", false,
		"accept any certificate of a wss server, as is always done on loopback\n"+
			"(the suite itself never verifies certificates)")
	fs.BoolVar(&f.options.TLS, "tls", false, "with -client: use wss")
	rest, err := parse(fs, autobahnHelp, args, stdout)
	if err == nil {
		err = f.check(rest)
	}
	return f, err
}

// check returns an error for invalid combinations of flags.
func (f *autobahnFlags) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case f.server != "" && f.client:
		return errors.New("-server and -client cannot be combined")
	case f.server == "" && !f.client && f.install == "":
		return errors.New("missing -server URL, -client or -install DIR")
	case f.install != "" && (f.options.Wstest != "" || f.options.Docker):
		return errors.New("-install cannot be combined with -wstest or -docker")
	case f.options.Wstest != "" && f.options.Docker:
		return errors.New("-wstest cannot be combined with -docker")
	case f.options.TLS && !f.client:
		return errors.New("-tls requires -client; for a server, use a wss URL")
	case f.python != "" && f.install == "":
		return errors.New("-python requires -install")
	case f.timeout <= 0:
		return errors.New("-timeout must be positive")
	}
	return nil
}

// autobahnCommand runs wscheck autobahn.
func autobahnCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f, err := parseAutobahn(args, stdout)
	if err != nil {
		return fail(stderr, err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, f.timeout,
		fmt.Errorf("the run took longer than -timeout %v", f.timeout))
	defer cancel()
	report, err := f.do(ctx, stderr)
	if err != nil {
		if errors.Is(err, context.Canceled) {
			err = errInterrupted
		}
		return fail(stderr, err)
	}
	if report == nil { // only -install
		return exitPassed
	}
	return originalVerdict(report, stdout, stderr)
}

// do installs and runs the suite as the flags say. The report is nil if the suite is only
// installed.
func (f *autobahnFlags) do(ctx context.Context, log io.Writer) (*autobahn.Report, error) {
	o := f.options
	o.Log = log
	if f.install != "" {
		path, err := autobahn.Install(ctx, f.install, f.python, log)
		if err != nil {
			return nil, err
		}
		o.Wstest = path
	}
	kind := "servers"
	switch {
	case f.server != "":
		o.Server = f.server
	case f.client:
		kind = "clients"
		o.Client = testee.Hawser
		if o.Agent == "" {
			o.Agent = "hawser"
		}
	default:
		return nil, nil
	}
	o.Cases, o.Exclude = list(f.cases), list(f.exclude)
	o.Dir = f.out
	if o.Dir == "" {
		o.Dir = filepath.Join("reports", "autobahn", kind)
	}
	return autobahn.Run(ctx, o)
}

// originalVerdict prints the report and returns the exit status.
func originalVerdict(r *autobahn.Report, stdout, stderr io.Writer) int {
	if err := r.Write(stdout); err != nil {
		return fail(stderr, err)
	}
	fmt.Fprintf(stdout, "\nreports: %s\n", filepath.Join(r.Dir, "index.html"))
	short, missing := len(r.Short()), len(r.Missing())
	switch {
	case missing > 0:
		fmt.Fprintf(stdout, "INCOMPLETE: %d not run, %d fell short\n", missing, short)
		return exitFailed
	case short > 0:
		fmt.Fprintf(stdout, "FAIL: %d of %s fell short\n", short, cases(len(r.Cases)))
		return exitShort
	}
	fmt.Fprintf(stdout, "PASS: %s\n", cases(len(r.Cases)))
	return exitPassed
}
