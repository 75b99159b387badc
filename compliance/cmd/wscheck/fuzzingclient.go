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

Tests the WebSocket server at URL: ws://host:port/path, wss://..., or
ws+unix:///path/of.sock:/path. The server must send each message back unchanged, text as
text and binary as binary. Each case connects at least once. The largest messages, in
group 9, are 16 MiB long.

With -command, wscheck runs the server itself, in its own process group. It writes the
output of the server to server.log in the directory of the report.

Numbered cases have the ids of the Autobahn test suite. The ids of the other cases begin
with a letter. In patterns, * matches any characters, and the whole id must match:
'12.*.1' is five cases. 'wscheck cases' lists all cases.

` + policyHelp + `
Exit status: 0 no case failed the run, 1 some did, 2 the run could not be started or
completed.

Flags:
`

// fuzzingClient runs wscheck fuzzingclient.
func fuzzingClient(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("wscheck fuzzingclient", fuzzingClientHelp, "default", time.Hour)
	f.quickFlag()
	f.specFlag()
	f.headerFlag()
	f.commandFlags()
	f.parallelFlag("run up to `N` cases at once; 1 for servers that serve one connection at a time")
	f.set.StringVar(&f.agent, "agent", "",
		"`NAME` of the server in the report (default: its Server field, or host:port)")
	f.set.BoolVar(&f.insecure, "insecure", false, "accept any certificate of a wss server")
	f.set.StringVar(&f.closePath, "close-path", "",
		"`PATH` of the server, such as /close, at which it starts the closing handshake with\n"+
			"the code and the reason in the query, as in /close?code=1001&reason=bye; without\n"+
			"it, the cases about that are UNIMPLEMENTED")
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
	defer context.AfterFunc(ctx, s.end)() // before a second Ctrl-C exits
	f.server = s
	results, err := f.testServers(ctx, runs, p)
	return f.conclude(results, orCause(ctx, err), stdout, stderr)
}

// A serverRun is a server and the cases for it.
type serverRun struct {
	url, agent string
	cases      []*suite.Case
}

// servers returns the servers to test, from the arguments or the specification.
func (f *runFlags) servers(args []string) (runs []serverRun, err error) {
	if f.spec != "" {
		runs, err = f.specServers()
	} else {
		if len(args) != 1 {
			return nil, errors.New("want one URL: wscheck fuzzingclient ws://127.0.0.1:9001")
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

// testServers tests one server after another. It continues if a server cannot be tested.
func (f *runFlags) testServers(ctx context.Context, runs []serverRun, p *progress) (
	all []*report.Result, failed error) {
	defer p.end()
	agents := map[string]bool{}
	for _, r := range runs {
		results, err := f.testServer(ctx, r, p)
		if len(results) > 0 {
			agent := results[0].Agent
			for agents[agent] { // two servers with the same name
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

// testServer runs cases against a server. All results have the same agent.
func (f *runFlags) testServer(ctx context.Context, r serverRun, p *progress) ([]*report.Result, error) {
	o := f.options()
	o.Agent = r.agent
	if f.command != "" {
		o.Restart = f.server.restart
	}
	if err := suite.Probe(ctx, r.url, o); err != nil {
		return nil, connectError(ctx, r.url, "cannot test the server at %s: %w", err)
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

// ownName returns the name of a server from the results, some of which may lack it, for example
// because the server refused the handshake. By default, it is the address.
func ownName(results []*report.Result, raw string) string {
	u, err := url.Parse(raw)
	if err != nil {
		panic("BUG: wscheck: " + err.Error()) // checkURL has parsed it
	}
	network, place := address(u)
	unnamed := "localhost" // agent of unnamed servers at Unix sockets
	if network == "tcp" {
		unnamed, place = u.Host, u.Host
	}
	for _, r := range results {
		if r.Agent != unnamed {
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
