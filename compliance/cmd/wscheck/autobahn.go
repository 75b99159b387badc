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

Runs the original Autobahn testsuite, ` + autobahn.Version + `, against a WebSocket server or
against hawser's own client. The suite is a program called wstest: the one named
by -wstest or put in place by -install, or else one on PATH, or else the suite's
own image in docker. All of it stays on loopback, but for the server you name.

Case ids are like 1.1.1 and 2.10. In patterns a star stands for any characters
and the whole id must match: '12.*.1' is five cases. (wstest's own patterns have
no end anchor, so that there it is also 12.1.10 to 12.1.18.) Groups 1 to 7 and 10
take some 10 seconds; 12 and 13 test compression and take most of a full run.

A case passes if both its verdicts, behavior and behaviorClose, are OK or
INFORMATIONAL. Exit status: 0 all passed, 1 some fell short, 2 some could not be
run.

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
		"install wstest in `DIR` with pip and Python 2.7, every version pinned,\nand use it; what is already installed there stays")
	fs.StringVar(&f.python, "python", "",
		"with -install: the Python 2.7 to use (default: on PATH, or of pyenv)")
	fs.StringVar(&f.cases, "cases", "", "comma `list` of patterns of cases to run (default: all 517)")
	fs.StringVar(&f.exclude, "exclude", "", "comma `list` of patterns of cases to leave out")
	fs.StringVar(&f.out, "out", "", "`DIR` for the reports (default ./reports/autobahn/servers or clients)")
	fs.StringVar(&f.options.Agent, "agent", "",
		"`name` of the tested side in the reports (default: host and port, or hawser)")
	fs.StringVar(&f.options.Wstest, "wstest", "",
		"`PATH` of a wstest, or of a directory given to -install before")
	fs.BoolVar(&f.options.Docker, "docker", false, "use docker even if there is a wstest")
	fs.StringVar(&f.options.Image, "image", autobahn.DefaultImage, "docker `image`")
	fs.DurationVar(&f.timeout, "timeout", time.Hour, "time limit of the whole run")
	fs.BoolVar(&f.options.Insecure, "insecure", false,
		"accept any certificate of a wss server, as is always done on loopback\n(the suite itself never verifies one)")
	fs.BoolVar(&f.options.TLS, "tls", false, "with -client: over wss")
	rest, err := parse(fs, autobahnHelp, args, stdout)
	if err == nil {
		err = f.check(rest)
	}
	return f, err
}

// check refuses flags that make no sense together.
func (f *autobahnFlags) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("unexpected argument %q", rest[0])
	case f.server != "" && f.client:
		return errors.New("-server and -client are two runs")
	case f.server == "" && !f.client && f.install == "":
		return errors.New("one of -server URL, -client and -install DIR is needed")
	case f.install != "" && (f.options.Wstest != "" || f.options.Docker):
		return errors.New("-install goes with neither -wstest nor -docker")
	case f.options.Wstest != "" && f.options.Docker:
		return errors.New("-wstest does not go with -docker")
	case f.options.TLS && !f.client:
		return errors.New("-tls goes with -client; a server's URL tells by itself")
	case f.python != "" && f.install == "":
		return errors.New("-python goes with -install")
	case f.timeout <= 0:
		return errors.New("-timeout must be positive")
	}
	return nil
}

// autobahnCommand is wscheck autobahn.
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
	if report == nil { // -install alone
		return exitPassed
	}
	return originalVerdict(report, stdout, stderr)
}

// do installs and runs the suite as the flags say. The report is nil if they say
// only to install.
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

// originalVerdict prints the report and turns it into an exit status.
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
