package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
	"github.com/hawser-ws/hawser/compliance/testee"
)

const selfHelp = `usage: wscheck [flags]
       wscheck COMMAND [flags]

Without a command: tests hawser's own server and client with all cases, and writes
a report. 'wscheck help' lists the commands, which test yours.

Exit status: 0 all passed, 1 some fell short, 2 the check could not be done.

Flags:
`

// The names of the two sides in the report.
const (
	serverAgent = "hawser server"
	clientAgent = "hawser client"
)

// selfCommand is wscheck without a command.
func selfCommand(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	f := newRunFlags("", selfHelp, stderr)
	f.set.BoolVar(&f.full, "full", false, "1,000 messages a case in groups 12 and 13 instead of 50")
	f.set.IntVar(&f.parallel, "parallel", suite.DefaultParallel, "how many cases `N` at once")
	secure := f.set.Bool("tls", false, "over wss instead of ws")
	if err := f.parse(args, stderr); err != nil {
		return parseStatus(err)
	}
	if len(f.urls) > 0 {
		return fault(stderr, fmt.Errorf("there is no command %q; 'wscheck help' lists them", f.urls[0]))
	}
	f.quick = !f.full
	if err := f.writable(); err != nil {
		return fault(stderr, err)
	}
	ctx, cancel := f.bounded(ctx)
	defer cancel()
	s := self{f: f, stderr: stderr, place: listenFlags{url: "ws://127.0.0.1:0"}}
	if *secure {
		s.place.url = "wss://127.0.0.1:0"
	}
	begun := time.Now()
	results, err := s.server(ctx)
	if err == nil {
		var more []*report.Result
		more, err = s.client(ctx)
		results = append(results, more...)
	}
	return f.conclude(results, time.Since(begun), err, stdout, stderr)
}

// self tests this project.
type self struct {
	f      *runFlags
	stderr io.Writer
	place  listenFlags
}

// server tests the server.
func (s *self) server(ctx context.Context) ([]*report.Result, error) {
	cases, err := s.f.selected(true)
	if err != nil {
		return nil, err
	}
	ln, url, err := s.place.listen()
	if err != nil {
		return nil, err
	}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = serveEcho(serving, ln) }) // what ends it too early ends the cases
	defer wg.Wait()
	defer stop()
	o := s.f.options()
	o.Agent, o.TLS = serverAgent, anyCertificate
	p := newProgress(s.stderr, serverAgent, len(cases))
	defer p.end()
	o.Done = p.done
	return suite.TestServer(ctx, url, cases, o)
}

// client tests the client.
func (s *self) client(ctx context.Context) ([]*report.Result, error) {
	cases, err := s.f.selected(false)
	if err != nil {
		return nil, nil // there are cases for servers alone
	}
	ln, url, err := s.place.listen()
	if err != nil {
		return nil, err
	}
	o := s.f.options()
	p := newProgress(s.stderr, clientAgent, len(cases))
	defer p.end()
	o.Done = p.done
	server := suite.Server{Cases: cases, Options: o}
	serving, stop := context.WithCancelCause(ctx)
	served := make(chan error, 1)
	go func() { served <- server.Serve(serving, ln) }()
	c := testee.Client{
		Dial: testee.Hawser, URL: url, TLS: anyCertificate, Agent: clientAgent, Parallel: o.Parallel,
	}
	err = c.Run(ctx)
	stop(errDone)
	if serr := <-served; err == nil && !errors.Is(serr, errDone) {
		err = serr
	}
	return server.Results(), err
}

// anyCertificate is for the two sides of this process, which make their own.
var anyCertificate = &tls.Config{
	InsecureSkipVerify: true,
	VerifyPeerCertificate: func(raw [][]byte, _ [][]*x509.Certificate) error {
		if len(raw) != 1 {
			return errors.New("not the certificate of this process")
		}
		return nil
	},
}
