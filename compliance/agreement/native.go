package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/hawser-ws/hawser/compliance/agreement/internal/peers"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// native runs hawser's suite on a peer and returns the results, of which it also
// writes a report. patterns choose the cases.
func (c *config) native(ctx context.Context, p *peers.Peer, s side, patterns []string) ([]*report.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.bound())
	defer cancel()
	cases, err := suite.Cases(patterns, nil)
	if err != nil {
		return nil, err
	}
	results, err := nativeRun(ctx, p, c.env, s, cases)
	if err != nil {
		return nil, err
	}
	return results, report.Write(filepath.Join(c.out, "native", p.Name+"-"+string(s)), results, report.Options{Tool: "agreement"})
}

func nativeRun(ctx context.Context, p *peers.Peer, env *peers.Env, s side, cases []*suite.Case) ([]*report.Result, error) {
	o := &suite.Options{Agent: p.Agent()}
	if s == server {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
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
	return nil, errNoClients
}

var errNoClients = errors.New("hawser's suite does not test clients yet")
