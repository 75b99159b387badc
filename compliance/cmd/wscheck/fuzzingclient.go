package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const fuzzingClientHelp = `usage: wscheck fuzzingclient URL [flags]
       wscheck fuzzingclient -spec FILE [flags]

Tests the WebSocket server at a URL: ws://host:port/path, wss://..., or
ws+unix:///path/of.sock:/path. The server must return each message as it is, text
as text and binary as binary, and take messages of 16 MiB (those that are too
large for it fail in group 9). It is connected to once for each case.

Cases have the ids of the Autobahn testsuite; those that it does not have begin
with a letter. In patterns a star stands for any characters and the whole id must
match: '12.*.1' is five cases. 'wscheck cases' lists them.

A case passes if both its verdicts, behaviour and close, are OK or INFORMATIONAL.
Exit status: 0 all passed, 1 some fell short, 2 the check could not be done.

Flags:
`

// fuzzingClient is wscheck fuzzingclient.
func fuzzingClient(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("fuzzingclient", fuzzingClientHelp, stderr)
	f.remote()
	f.set.IntVar(&f.parallel, "parallel", suite.DefaultParallel, "how many cases `N` wait for the server at once; 1 for servers that\nserve one connection at a time")
	f.set.BoolVar(&f.skip, "insecure", false, "accept any certificate of a wss server")
	if err := f.parse(args, stderr); err != nil {
		return parseStatus(err)
	}
	runs, err := f.servers()
	if err != nil {
		return fault(stderr, err)
	}
	if err := f.writable(); err != nil {
		return fault(stderr, err)
	}
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	begun := time.Now()
	var results []*report.Result
	for _, r := range runs {
		var some []*report.Result
		if some, err = f.testServer(ctx, r, stderr); err != nil {
			results = append(results, some...)
			break
		}
		results = append(results, some...)
	}
	return f.conclude(results, time.Since(begun), err, stdout, stderr)
}

// A serverRun is a server and the cases for it.
type serverRun struct {
	url, agent string
	cases      []*suite.Case
}

// servers returns what the arguments or the specification ask for.
func (f *runFlags) servers() ([]serverRun, error) {
	if f.spec != "" {
		if len(f.urls) > 0 || f.cases != "" || f.exclude != "" {
			return nil, errors.New("-spec goes with no URL, -cases or -exclude: it has its own")
		}
		return f.specServers()
	}
	if len(f.urls) != 1 {
		return nil, errors.New("one URL of a server is needed: wscheck fuzzingclient ws://127.0.0.1:9001")
	}
	cases, err := f.selected(true)
	if err != nil {
		return nil, err
	}
	return []serverRun{{f.urls[0], f.agent, cases}}, nil
}

// testServer runs cases against a server.
func (f *runFlags) testServer(ctx context.Context, r serverRun, stderr io.Writer) ([]*report.Result, error) {
	o := f.options()
	o.Agent = r.agent
	if err := suite.Probe(ctx, r.url, o); err != nil {
		return nil, explainProbe(r.url, err)
	}
	p := newProgress(stderr, r.url, len(r.cases))
	defer p.end()
	o.Done = p.done
	results, err := suite.TestServer(ctx, r.url, r.cases, o)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: the server has gone: %w", r.url, err)
	}
	return results, err
}

// explainProbe says why there is nothing to test.
func explainProbe(url string, err error) error {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "dial" {
		return fmt.Errorf("nobody listens at %s: %w", url, err)
	}
	if errors.Is(err, errInterrupted) {
		return err
	}
	return fmt.Errorf("%s is no WebSocket server that can be tested: %w", url, err)
}
