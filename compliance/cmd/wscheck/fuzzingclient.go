package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

const fuzzingClientHelp = `usage: wscheck fuzzingclient URL [flags]
       wscheck fuzzingclient -spec FILE [flags]

Tests the WebSocket server at a URL: ws://host:port/path, wss://..., or
ws+unix:///path/of.sock:/path. The server must return each message as it is, text
as text and binary as binary. Each case connects to it at least once. The largest
messages, in group 9, are 16 MiB long.

With -command, wscheck runs the server itself, in a process group of its own. The
output of the server is in server.log beside the report.

Cases have the ids of the Autobahn testsuite; those that it does not have begin
with a letter. In patterns a star stands for any characters and the whole id must
match: '12.*.1' is five cases. 'wscheck cases' lists them.

` + policyHelp + `
Exit status: 0 no case failed the run, 1 some did, 2 the check could not be done or
finished.

Flags:
`

// fuzzingClient is wscheck fuzzingclient.
func fuzzingClient(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("wscheck fuzzingclient", fuzzingClientHelp, "default", time.Hour)
	f.quickFlag()
	f.specFlag()
	f.headerFlag()
	f.commandFlags()
	f.parallelFlag("let `N` cases wait for the server at once; 1 for servers that\nserve one connection at a time")
	f.set.StringVar(&f.agent, "agent", "",
		"`name` of the server in the report (default what it calls itself, or host:port)")
	f.set.BoolVar(&f.insecure, "insecure", false, "accept any certificate of a wss server")
	f.set.StringVar(&f.closePath, "close-path", "",
		"`PATH` of the server, such as /close, at which it begins the closing handshake with\nthe code and the reason of the query, as in /close?code=1001&reason=bye; cases about\nthat are UNIMPLEMENTED without it")
	args, err := f.parse(args, stdout)
	if err != nil {
		return fail(stderr, err)
	}
	runs, err := f.servers(args)
	if err != nil {
		return fail(stderr, err)
	}
	if len(runs) == 1 {
		f.url = runs[0].url
	}
	if err := f.writable(); err != nil {
		return fail(stderr, err)
	}
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	p := newProgress(stderr)
	s, err := f.startServer(ctx, p.say)
	if err != nil {
		return fail(stderr, f.discard(orCause(ctx, err)))
	}
	defer s.stop()
	defer context.AfterFunc(ctx, s.end)() // a second Ctrl-C would leave it
	f.server = s
	results, err := f.testServers(ctx, runs, p)
	return f.conclude(results, orCause(ctx, err), stdout, stderr)
}

// A serverRun is a server and the cases for it.
type serverRun struct {
	url, agent string
	cases      []*suite.Case
}

// servers returns what the arguments or the specification ask for.
func (f *runFlags) servers(args []string) (runs []serverRun, err error) {
	if f.spec != "" {
		runs, err = f.specServers()
	} else {
		if len(args) != 1 {
			return nil, errors.New("one URL of a server is needed: wscheck fuzzingclient ws://127.0.0.1:9001")
		}
		runs = []serverRun{{url: args[0], agent: f.agent}}
		runs[0].cases, err = f.forServers()
	}
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		if err := checkURL(r.url); err != nil {
			return nil, err
		}
	}
	return runs, nil
}

// testServers tests one server after the other. One that cannot be tested does not
// keep the others from it.
func (f *runFlags) testServers(ctx context.Context, runs []serverRun, p *progress) (all []*report.Result,
	failed error) {
	defer p.end()
	agents := map[string]bool{}
	for _, r := range runs {
		results, err := f.testServer(ctx, r, p)
		if len(results) > 0 {
			agent := results[0].Agent
			for agents[agent] { // two servers of one kind
				agent += " at " + r.url
			}
			agents[agent] = true
			rename(results, agent)
		}
		all = append(all, results...)
		failed = errors.Join(failed, err)
		if ctx.Err() != nil {
			break
		}
	}
	return all, failed
}

// testServer runs cases against a server. The results have one agent.
func (f *runFlags) testServer(ctx context.Context, r serverRun, p *progress) ([]*report.Result, error) {
	o := f.options()
	o.Agent = r.agent
	if f.command != "" {
		o.Restart = f.server.restart
	}
	if err := suite.Probe(ctx, r.url, o); err != nil {
		return nil, connectError(ctx, r.url, "the server at %s cannot be tested: %w", err)
	}
	name := r.agent
	if name == "" {
		name = r.url
	}
	o.Done = func(result *report.Result) { p.count(name, len(r.cases), result.ID, f.passes(result)) }
	p.expect(name, ids(r.cases))
	results, err := suite.TestServer(ctx, r.url, r.cases, o)
	if err != nil && ctx.Err() == nil {
		err = fmt.Errorf("%s: %w", r.url, err)
	}
	if r.agent == "" && len(results) > 0 {
		rename(results, ownName(results, r.url))
	}
	return results, err
}

// ownName is what a server calls itself in any of the results: where it refuses the
// handshake, say, it may not tell.
func ownName(results []*report.Result, raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		panic("BUG: wscheck: " + err.Error()) // checkURL has parsed it
	}
	network, place := address(u)
	nobody := "localhost" // of unix sockets
	if network == "tcp" {
		nobody, place = u.Host, u.Host
	}
	for _, r := range results {
		if r.Agent != nobody {
			return r.Agent
		}
	}
	return place
}

func rename(results []*report.Result, agent string) {
	for _, r := range results {
		r.Agent = agent
	}
}
