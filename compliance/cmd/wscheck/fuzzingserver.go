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

Is a server that tests WebSocket clients. It listens at the URL, ws://127.0.0.1:9001
if there is none; wss://... takes -cert and -key, or makes a certificate;
ws+unix:///path/of.sock is a unix socket. Cases C.11.* need wss, a URL with a name
(wss://localhost:9001), a certificate that the client trusts and that has that name,
and one of them a client that follows redirects.

A client under test connects to these paths, as with the original suite, and returns
each message of a case as it is until the server closes:

  /getCaseCount                  a message: how many cases there are
  /runCase?case=N&agent=NAME     case N, from 1
  /updateReports?agent=NAME      the report is written

as also to /getCaseInfo?case=N and /getCaseStatus?case=N&agent=NAME. Several clients
may be tested at the same time. The server ends at Ctrl-C, at /stopServer, at
/updateReports with shutdownOnComplete=true, or with -once at the first
/updateReports, and then prints a summary.

` + policyHelp + `
Exit status: 0 no case failed the run, 1 some did, 2 the check could not be done or
finished: at Ctrl-C, if cases have run since a client last asked for the report.

Flags:
`

// fuzzingServer is wscheck fuzzingserver.
func fuzzingServer(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("wscheck fuzzingserver", fuzzingServerHelp, "default", 0)
	f.quickFlag()
	f.specFlag()
	once := f.set.Bool("once", false, "end when the first client has asked for the report")
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
	if l.cert != "" { // else no client can verify it
		f.tls = l.tls
	}
	fmt.Fprintf(stderr, "%s for clients at %s\n", cases(len(s.Cases)), url)
	f.url = url
	return f.serve(ctx, s, ln, *once, stdout, stderr)
}

// errDone is why a server of ours ends when it has done its work.
var errDone = errors.New("done")

// serve runs the server and concludes.
func (f *runFlags) serve(ctx context.Context, s *suite.Server, ln net.Listener, once bool, stdout,
	stderr io.Writer) int {
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	p := newProgress(stderr)
	s.Options = f.options()
	s.Options.Done = func(r *report.Result) { p.count(r.Agent, len(s.Cases), r.ID, f.passes(r)) }
	var mu sync.Mutex // two clients may ask at once
	var reported time.Time
	s.Report = func(results []*report.Result) error {
		mu.Lock()
		defer mu.Unlock()
		if err := f.write(results, nil); err != nil {
			return err
		}
		p.say(fmt.Sprintf("report: %s, %s", f.index(), cases(len(results))))
		reported = time.Now()
		if once { // and time for the client to be told
			time.AfterFunc(suite.DefaultCloseTimeout, func() { stop(errDone) })
		}
		return nil
	}
	err := s.Serve(ctx, ln)
	p.end()
	results := s.Results()
	switch {
	case len(results) == 0 && (err == nil || errors.Is(err, errDone)):
		err = errors.New("no client has run a case")
	case errors.Is(err, errDone), errors.Is(err, errInterrupted) && begunBefore(results, reported):
		err = nil // Ctrl-C is how a server ends
	}
	return f.conclude(results, err, stdout, stderr)
}

// begunBefore reports whether there are results, and a client has asked for a report
// since the last of them began.
func begunBefore(results []*report.Result, reported time.Time) bool {
	return len(results) > 0 && !slices.ContainsFunc(results,
		func(r *report.Result) bool { return r.Started.After(reported) })
}
