package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const fuzzingServerHelp = `usage: wscheck fuzzingserver [URL] [flags]

Is a server that tests WebSocket clients. It listens at the URL, ws://127.0.0.1:9001
if there is none; wss://... takes -cert and -key, or makes a certificate;
ws+unix:///path/of.sock is a unix socket.

A client under test connects to these paths, as with the original suite, and returns
each message of a case as it is until the server closes:

  /getCaseCount                  a message: how many cases there are
  /runCase?case=N&agent=NAME     case N, from 1
  /updateReports?agent=NAME      the report is written

as also to /getCaseInfo?case=N and /getCaseStatus?case=N&agent=NAME. It ends at
Ctrl-C, at /stopServer, at /updateReports with shutdownOnComplete=true, or with
-once at the first /updateReports.

Exit status: 0 all passed, 1 some fell short, 2 the check could not be done.

Flags:
`

// fuzzingServer is wscheck fuzzingserver.
func fuzzingServer(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("fuzzingserver", fuzzingServerHelp, stderr)
	f.set.StringVar(&f.spec, "spec", "", "`FILE` with a specification in the JSON form of the original suite")
	once := f.set.Bool("once", false, "end when the first client asks for its report")
	var l listenFlags
	l.declare(f.set)
	if err := f.parse(args, stderr); err != nil {
		return parseStatus(err)
	}
	s := &suite.Server{Options: f.options()}
	if err := f.prepareServer(s, &l); err != nil {
		return fault(stderr, err)
	}
	if err := f.writable(); err != nil {
		return fault(stderr, err)
	}
	ln, url, err := l.listen()
	if err != nil {
		return fault(stderr, err)
	}
	fmt.Fprintf(stderr, "%d cases for clients at %s\n", len(s.Cases), url)
	return f.serve(ctx, s, ln, *once, stdout, stderr)
}

// prepareServer takes cases and address from the arguments or the specification.
func (f *runFlags) prepareServer(s *suite.Server, l *listenFlags) (err error) {
	if f.spec != "" {
		if len(f.urls) > 0 || f.cases != "" || f.exclude != "" {
			return errors.New("-spec goes with no URL, -cases or -exclude: it has its own")
		}
		return f.specServer(s, l)
	}
	if len(f.urls) > 1 {
		return fmt.Errorf("unexpected argument %q", f.urls[1])
	}
	if len(f.urls) == 1 {
		l.url = f.urls[0]
	}
	s.Cases, err = f.selected(false)
	return err
}

// serve runs the server and makes the report.
func (f *runFlags) serve(ctx context.Context, s *suite.Server, ln *listener, once bool, stdout, stderr io.Writer) int {
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	p := newProgress(stderr, "clients", len(s.Cases))
	s.Options.Done = p.done
	s.Report = func(results []*report.Result) error {
		if once {
			stop(errDone)
		}
		return report.Write(f.out, results, report.Options{Tool: version(), Quick: f.quick})
	}
	begun := time.Now()
	err := s.Serve(ctx, ln)
	p.end()
	if errors.Is(err, errDone) || errors.Is(err, errInterrupted) && len(s.Results()) > 0 {
		err = nil // Ctrl-C is how a server ends
	}
	return f.conclude(s.Results(), time.Since(begun), err, stdout, stderr)
}

var errDone = errors.New("done")
