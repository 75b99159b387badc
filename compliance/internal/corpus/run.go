package corpus

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"runtime"
	"sync"
	"time"

	"github.com/hawser-ws/hawser/compliance/suite"
	"github.com/hawser-ws/hawser/compliance/testee"
)

// Time limits of one case.
const (
	caseTime    = 5 * time.Minute
	verdictTime = 30 * time.Second // for the suite's verdict, after the client is done
	headTime    = 5 * time.Second  // for the request to hawser's server
)

// light is the number of cases run at once if they mostly wait.
const light = 16

// Make runs cases, in their quick form, against hawser's server and client and returns the
// corpus of the bytes sent. If done is not nil, Make calls it after each case, and the calls
// do not overlap. Make ignores the verdicts.
func Make(ctx context.Context, cases []*suite.Case, done func(id string)) (*Corpus, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	m := &maker{done: done, cancel: cancel, made: make([][]*recording, len(cases))}
	var wg sync.WaitGroup
	wg.Go(func() { m.runSome(ctx, cases, light, func(c *suite.Case) bool { return c.Idle }) })
	m.runSome(ctx, cases, light, func(c *suite.Case) bool { return !c.Idle && !c.Heavy })
	m.runSome(ctx, cases, runtime.GOMAXPROCS(0), func(c *suite.Case) bool { return !c.Idle && c.Heavy })
	wg.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return collect(cases, m.made), nil
}

// A maker collects the recordings of a run.
type maker struct {
	mu     sync.Mutex
	done   func(id string)
	cancel context.CancelCauseFunc
	made   [][]*recording // by the index of the case
}

// runSome runs the cases of a kind, n at a time.
func (m *maker) runSome(ctx context.Context, cases []*suite.Case, n int, kind func(*suite.Case) bool) {
	free := make(chan struct{}, n)
	var wg sync.WaitGroup
	defer wg.Wait()
	for i, c := range cases {
		if !kind(c) || ctx.Err() != nil {
			continue
		}
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			r, err := one(ctx, c)
			if err != nil {
				m.cancel(fmt.Errorf("case %s: %w", c.ID, err))
				return
			}
			m.mu.Lock()
			defer m.mu.Unlock()
			m.made[i] = r
			if m.done != nil {
				m.done(c.ID)
			}
		})
	}
}

// one runs a case against each side that it applies to.
func one(ctx context.Context, c *suite.Case) (made []*recording, err error) {
	ctx, cancel := context.WithTimeout(ctx, caseTime)
	defer cancel()
	if c.Servers {
		if made, err = server(ctx, c); err != nil {
			return nil, err
		}
	}
	if c.Clients {
		more, err := client(ctx, c)
		if err != nil {
			return nil, err
		}
		made = append(made, more...)
	}
	return made, nil
}

// server runs a case against hawser's server.
func server(ctx context.Context, c *suite.Case) ([]*recording, error) {
	l, err := listen(false)
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: testee.Echo(), ReadHeaderTimeout: headTime}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	results, err := suite.TestServer(ctx, l.url(), []*suite.Case{c},
		&suite.Options{Quick: true, Parallel: 1, ClosePath: testee.ClosePath})
	s.Close()
	if serr := <-served; err == nil && !errors.Is(serr, http.ErrServerClosed) {
		err = serr
	}
	if err != nil {
		return nil, err
	}
	return l.of(results[0]), nil
}

// client runs a case against hawser's client.
func client(ctx context.Context, c *suite.Case) ([]*recording, error) {
	l, err := listen(true)
	if err != nil {
		return nil, err
	}
	s := &suite.Server{Cases: []*suite.Case{c}, Options: &suite.Options{Quick: true}}
	serving, stop := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- s.Serve(serving, l) }()
	const agent = "hawser"
	failed := echo(ctx, l.url()+"/runCase?"+url.Values{"case": {"1"}, "agent": {agent}}.Encode())
	wait, cancel := context.WithTimeoutCause(ctx, verdictTime,
		errors.New("the suite has no verdict after the client ended"))
	defer cancel()
	res, err := s.Wait(wait, agent, c.ID)
	stop()
	<-served // the error is that of the context
	if err != nil {
		return nil, fmt.Errorf("%w; the client returned the error %v", err, failed)
	}
	return l.of(res), nil
}

// echo runs a case with hawser's client, which sends every message back until the connection
// ends. It returns an error if the client did not connect, which may be correct.
func echo(ctx context.Context, target string) error {
	conn, err := testee.Hawser(ctx, target, nil)
	if err != nil {
		return err
	}
	defer conn.Close()
	for {
		binary, message, err := conn.Read(ctx)
		if err != nil {
			return nil // the suite ended the connection
		}
		if err := conn.Write(ctx, binary, message); err != nil {
			return nil
		}
	}
}
