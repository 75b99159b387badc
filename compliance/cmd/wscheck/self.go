package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// selfHelp returns the help of wscheck without a command.
func selfHelp() string {
	var b strings.Builder
	b.WriteString(`usage: wscheck [flags]
       wscheck COMMAND [arguments and flags]

Tests WebSocket servers and clients for conformance to RFC 6455 and RFC 7692. Without a
command, wscheck tests hawser's own server and client and writes a report.

Exit status: 0 no case failed the run, 1 some did, 2 the run could not be started or
completed. 'wscheck fuzzingclient -help' explains -profile, -fail-on and -known.

Commands ('wscheck COMMAND -help' prints the help of a command):

`)
	for _, c := range commands {
		fmt.Fprintf(&b, "  %-13s  %s\n", c.name, c.summary)
	}
	fmt.Fprintf(&b, "  %-13s  %s\n", "version", "print the version of wscheck")
	b.WriteString("\nFlags without a command:\n")
	return b.String()
}

// Names of the two agents in the report.
const (
	serverAgent = "hawser server"
	clientAgent = "hawser client"
)

// selfCommand runs wscheck without a command.
func selfCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("wscheck", selfHelp(), "strict", time.Hour)
	f.set.BoolVar(&f.quick, "quick", false, "send 50 messages per case in groups 12 and 13 (the default)")
	f.parallelFlag("run `N` cases at once")
	full := f.set.Bool("full", false,
		"send 1,000 messages per case in groups 12 and 13 instead of 50")
	secure := f.set.Bool("tls", false, "use wss instead of ws")
	args, err := f.parse(args, stdout)
	switch {
	case err != nil:
		return fail(stderr, err)
	case len(args) > 0:
		return fail(stderr, noCommand(args[0]))
	case f.quick && *full:
		return fail(stderr, errors.New("-quick and -full cannot be combined"))
	}
	f.quick = !*full
	servers, clients, err := f.selected()
	if err != nil {
		return fail(stderr, err)
	}
	if err := f.writable(); err != nil {
		return fail(stderr, err)
	}
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	s := self{flags: f, place: listenFlags{url: "ws://127.0.0.1:0"}, progress: newProgress(stderr)}
	if *secure {
		s.place.url = "wss://127.0.0.1:0"
	}
	results, err := s.server(ctx, servers)
	if err == nil {
		var more []*report.Result
		more, err = s.client(ctx, clients)
		results = append(results, more...)
	}
	s.progress.end()
	return f.conclude(results, orCause(ctx, err), stdout, stderr)
}

// self tests hawser's own server and client.
type self struct {
	flags    *runFlags
	place    listenFlags
	progress *progress
}

// insecurely is the configuration of the suite, which does not verify the server's certificate.
var insecurely = &tls.Config{InsecureSkipVerify: true}

// trusting returns a client configuration that trusts the certificate in own.
func trusting(own *tls.Config) *tls.Config {
	if own == nil {
		return nil
	}
	roots := x509.NewCertPool()
	roots.AddCert(own.Certificates[0].Leaf)
	return &tls.Config{RootCAs: roots}
}

// server tests the server.
func (s *self) server(ctx context.Context, cases []*suite.Case) ([]*report.Result, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	ln, url, err := s.place.listen()
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- serveEcho(serving, ln) }()
	o := s.flags.options()
	o.Agent, o.TLS, o.ClosePath = serverAgent, insecurely, testee.ClosePath
	o.Done = func(r *report.Result) { s.progress.count(serverAgent, len(cases), r.ID, s.flags.passes(r)) }
	s.progress.expect(serverAgent, ids(cases))
	results, err := suite.TestServer(ctx, url, cases, o)
	stop()
	if serr := <-served; err == nil {
		err = serr
	}
	return results, err
}

// client tests the client.
func (s *self) client(ctx context.Context, cases []*suite.Case) ([]*report.Result, error) {
	if len(cases) == 0 {
		return nil, nil
	}
	ln, url, err := s.place.listen()
	if err != nil {
		return nil, err
	}
	own := s.flags.options()
	own.TLS = s.place.tls
	server := suite.Server{Cases: cases, Options: own}
	serving, stop := context.WithCancelCause(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving, ln) }()
	c := testee.Client{Dial: testee.Hawser, URL: url, TLS: trusting(s.place.tls), Agent: clientAgent}
	o := s.flags.options()
	o.Done = func(r *report.Result) { s.progress.count(clientAgent, len(cases), r.ID, s.flags.passes(r)) }
	s.progress.expect(clientAgent, ids(cases))
	results, err := suite.RunCases(ctx, cases, o,
		func(ctx context.Context, k *suite.Case) (*report.Result, error) {
			return server.Run(ctx, clientAgent, k.ID,
				func(ctx context.Context) error { return c.Case(ctx, k.ID) })
		})
	stop(errDone)
	if serr := <-served; err == nil && !errors.Is(serr, errDone) {
		err = serr
	}
	return results, err
}
