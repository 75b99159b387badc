package main

import (
	"context"
	"net"
	"path/filepath"
	"slices"
	"time"

	"github.com/hawser-ws/hawser/compliance/agreement/peers"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// native runs the cases with these ids of hawser's suite on a peer and returns the results.
// It writes a report to the directory dir below -out.
func (c *config) native(
	ctx context.Context, p *peers.Peer, s side, ids []string, dir string,
) ([]*report.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeLimit())
	defer cancel()
	cases, err := casesOf(ids)
	if err != nil {
		return nil, err
	}
	results, err := nativeRun(ctx, p, c.env, s, cases)
	if err != nil {
		return nil, err
	}
	dir = filepath.Join(c.out, dir, p.Name+"-"+string(s))
	return results, report.Write(dir, results, report.Options{Tool: "agreement"})
}

// casesOf returns the cases of hawser's suite with these ids.
func casesOf(ids []string) ([]*suite.Case, error) {
	cases, err := suite.Cases([]string{"*"}, nil)
	return slices.DeleteFunc(cases, func(c *suite.Case) bool { return !slices.Contains(ids, c.ID) }), err
}

// nativeRun runs cases of hawser's suite on a peer.
func nativeRun(
	ctx context.Context, p *peers.Peer, env *peers.Env, s side, cases []*suite.Case,
) ([]*report.Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	o := &suite.Options{Agent: p.Agent()}
	if s == server {
		srv, err := p.Serve(ctx, env)
		if err != nil {
			return nil, err
		}
		defer func() {
			cancel()
			<-srv.Done
		}()
		return suite.TestServer(ctx, srv.URL, cases, o)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	// Drive returns before the suite has its last verdict.
	verdicts := make(chan struct{}, 10*len(cases))
	o.Done = func(*report.Result) { verdicts <- struct{}{} }
	fuzzer := &suite.Server{Cases: cases, Options: o}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = fuzzer.Serve(ctx, l) // until ctx ends
	}()
	err = p.Drive(ctx, env, "ws://"+l.Addr().String(), p.Agent())
	waiting, stop := context.WithTimeout(ctx, 10*time.Second)
	defer stop()
	for range cases {
		select {
		case <-verdicts:
		case <-waiting.Done():
		}
	}
	cancel()
	<-done
	return fuzzer.Results(), err
}
