package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const fuzzingServerHelp = `usage: wscheck fuzzingserver [URL] [flags]
       wscheck fuzzingserver -spec FILE [flags]

Runs a server that tests WebSocket clients. It listens at URL, by default
ws://127.0.0.1:9001. At a wss URL, it uses -cert and -key or generates a certificate.
ws+unix:///path/of.sock is a Unix socket. Cases C.11.* require a wss URL with a host
name, such as wss://localhost:9001, and a certificate for that name that the client
trusts. One of them also requires a client that follows redirects.

The client under test connects to these paths, as with the original suite:

  /getCaseCount                  the server sends the number of cases as a message
  /runCase?case=N&agent=NAME     case N, from 1: the client sends each message back
                                 unchanged until the server closes
  /updateReports?agent=NAME      the server writes the report

/getCaseInfo?case=N and /getCaseStatus?case=N&agent=NAME work too. Several clients may
be tested at the same time. The server ends at Ctrl-C, at /stopServer, at /updateReports
with shutdownOnComplete=true or, with -once, at the first /updateReports. It then prints
a summary.

` + policyHelp + `
Exit status: 0 no case failed the run, 1 some did, 2 the run could not be started or
completed. After Ctrl-C, the run is not complete if cases have run since a client last
requested the report.

Flags:
`

// fuzzingServer runs wscheck fuzzingserver.
func fuzzingServer(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("wscheck fuzzingserver", fuzzingServerHelp, "default", 0)
	f.quickFlag()
	f.specFlag()
	once := f.set.Bool("once", false, "exit after the first client has requested the report")
	var l listenFlags
	l.declare(f.set)
	args, err := f.parse(args, stdout)
	if err != nil {
		return fail(stderr, err)
	}
	s := &suite.Server{}
	if f.spec != "" {
		err = f.specServer(s, &l)
	} else if err = l.argument(args); err == nil {
		s.Cases, err = f.forClients()
	}
	if err != nil {
		return fail(stderr, err)
	}
	if err := f.writable(); err != nil {
		return fail(stderr, err)
	}
	ln, url, err := l.listen()
	if err != nil {
		return fail(stderr, f.discard(err))
	}
	if l.cert != "" { // otherwise no client can verify the certificate
		f.tls = l.tls
	}
	fmt.Fprintf(stderr, "serving %s at %s\n", cases(len(s.Cases)), url)
	f.url = url
	return f.serve(ctx, s, ln, *once, stdout, stderr)
}

// errDone is the cancellation cause of a server that has done its work.
var errDone = errors.New("done")

// serve runs the server and concludes the run.
func (f *runFlags) serve(ctx context.Context, s *suite.Server, ln net.Listener, once bool,
	stdout, stderr io.Writer) int {
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := newProgress(stderr)
	s.Options = f.options()
	s.Options.Done = func(r *report.Result) { p.count(r.Agent, len(s.Cases), r.ID, f.passes(r)) }
	var mu sync.Mutex // two clients may request the report at once
	var reported time.Time
	s.Report = func(results []*report.Result) error {
		mu.Lock()
		defer mu.Unlock()
		if err := f.write(results, nil); err != nil {
			return err
		}
		p.say(fmt.Sprintf("report: %s, %s", f.index(), cases(len(results))))
		reported = time.Now()
		if once { // after the client has its answer
			time.AfterFunc(suite.DefaultCloseTimeout, func() { stop(errDone) })
		}
		return nil
	}
	err := s.Serve(ctx, ln)
	p.end()
	results := s.Results()
	switch {
	case len(results) == 0 && (err == nil || errors.Is(err, errDone)):
		err = errors.New("no client ran a case")
	case errors.Is(err, errDone), errors.Is(err, errInterrupted) && begunBefore(results, reported):
		err = nil // Ctrl-C is the usual way to stop a server
	}
	return f.conclude(results, err, stdout, stderr)
}

// begunBefore reports whether there are results, and a client has requested a report since the
// last case began.
func begunBefore(results []*report.Result, reported time.Time) bool {
	return len(results) > 0 && !slices.ContainsFunc(results,
		func(r *report.Result) bool { return r.Started.After(reported) })
}
