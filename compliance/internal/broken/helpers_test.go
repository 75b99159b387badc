package broken_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/internal/broken"
	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/compliance/suite"
)

// ask runs a case of hawser's suite and returns its verdicts.
func ask(ctx context.Context, q question, server string) (v broken.Verdict, err error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	cases, err := suite.Cases([]string{q.id}, nil)
	if err != nil {
		return v, err
	}
	var results []*report.Result
	if q.role == "server" {
		results, err = suite.TestServer(ctx, server, cases,
			&suite.Options{Parallel: 1, Quick: true, ClosePath: "/close"})
	} else {
		results, err = testClient(ctx, q.defect, cases)
	}
	if err != nil {
		return v, err
	}
	if len(results) != 1 {
		return v, fmt.Errorf("%d results", len(results))
	}
	return broken.Verdict{string(results[0].Behavior), string(results[0].BehaviorClose)}, nil
}

// testClient runs a case of hawser's suite against a client.
func testClient(ctx context.Context, defect string, cases []*suite.Case) ([]*report.Result, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	done := make(chan *report.Result, 1)
	s := &suite.Server{Cases: cases, Options: &suite.Options{Quick: true,
		Done: func(r *report.Result) { done <- r }}}
	serving, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(serving, l) })
	defer wg.Wait()
	defer stop()
	c := &broken.Client{Defect: defect}
	url := "ws://" + l.Addr().String()
	if strings.HasPrefix(cases[0].ID, "C.8.") { // some of these compare two connections
		_ = c.Echo(ctx, url+"/getCaseCount")
		_ = c.Echo(ctx, url+"/runCase?case=1&agent=before")
		select {
		case <-done:
		case <-time.After(time.Minute):
		}
	}
	refused := c.Echo(ctx, url+"/runCase?case=1&agent=broken")
	select {
	case r := <-done:
		return []*report.Result{r}, nil
	case <-time.After(time.Minute):
		return nil, fmt.Errorf("no result; the client returned the error %v", refused)
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// A peer is a peer to test and the ids of the cases to run.
type peer struct {
	defect, role string
	ids          []string
}

func idsFor(role string, cases []*suite.Case) (ids []string) {
	for _, c := range cases {
		if role == "server" && c.Servers || role == "client" && c.Clients {
			ids = append(ids, c.ID)
		}
	}
	return ids
}

// verdictsOn returns the verdicts of hawser's suite on a peer. It runs several cases at once.
func verdictsOn(t *testing.T, p peer) map[string]broken.Verdict {
	server := ""
	if p.role == "server" {
		s := &broken.Server{Defect: p.defect}
		var err error
		if server, err = s.Start(); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
	}
	verdicts := map[string]broken.Verdict{}
	var mu sync.Mutex
	var wg sync.WaitGroup
	free := make(chan struct{}, atOnce)
	for _, id := range p.ids {
		free <- struct{}{}
		wg.Go(func() {
			defer func() { <-free }()
			v, err := ask(t.Context(), question{defect: p.defect, role: p.role, id: id}, server)
			if err != nil {
				t.Errorf("case %s: %v", id, err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			verdicts[id] = v
		})
	}
	wg.Wait()
	return verdicts
}
