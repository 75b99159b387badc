package suite

import (
	"context"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/websocket"
)

// The report includes a case that is still running when the client requests the report.
func TestReportWaitsForCases(t *testing.T) {
	t.Parallel()
	cases, err := Cases([]string{"5.19"}, nil) // pauses for a second
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var reported atomic.Int64
	s := &Server{Cases: cases, Report: func(r []*report.Result) error {
		reported.Store(int64(len(r)))
		return nil
	}}
	served := make(chan error, 1)
	go func() { served <- s.Serve(t.Context(), l) }()
	url := "ws://" + l.Addr().String()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, _, err := websocket.Dial(ctx, url+"/runCase?case=1&agent=a", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	asked := make(chan error, 1)
	go func() {
		q, _, err := websocket.Dial(ctx, url+"/updateReports?agent=a&shutdownOnComplete=true", nil)
		if err == nil {
			_, _, _ = q.Read(ctx) // the server closes
			_ = q.CloseNow()
		}
		asked <- err
	}()
	for m, err := range c.Messages(ctx) {
		if err != nil {
			break
		}
		if err := c.Write(ctx, m.Type, m.Data); err != nil {
			break
		}
	}
	if err := <-asked; err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if reported.Load() != 1 {
		t.Errorf("the report has %d results, want 1", reported.Load())
	}
	if r, err := s.Wait(ctx, "a", "5.19"); err != nil || !r.Passed() {
		t.Errorf("%+v, %v", r, err)
	}
}

// If a client runs a case twice, the last verdict counts, and the result has both.
func TestCaseRunTwice(t *testing.T) {
	s := &Server{o: (*Options)(nil).withDefaults(), results: map[string]map[string]*report.Result{},
		changed: make(chan struct{})}
	for _, v := range []report.Verdict{report.Failed, report.OK} {
		s.add(&report.Result{Agent: "a", ID: "1.1.1", Behavior: v, BehaviorClose: report.OK})
	}
	if r := s.Results(); len(r) != 1 || r[0].Varies() != "FAILED, then OK" {
		t.Errorf("%+v", r)
	}
}

// A server that sends a close frame, and then neither reads nor drops TCP, delays a case by at most the
// second of the case itself and CloseTimeout. Queued writes do not keep the connection open.
func TestPeerStallsAfterClose(t *testing.T) {
	cases, err := Cases([]string{"1.1.1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		p := newDriver(cases[0], (&Options{}).withDefaults(), ours, false)
		begun, done := time.Now(), make(chan struct{})
		go func() {
			defer close(done)
			p.run([]byte{0x88, 0}) // a close frame after the handshake
		}()
		select {
		case <-done:
		case <-time.After(time.Hour):
			theirs.Close()
			<-done
		}
		if took := time.Since(begun); took != time.Second+DefaultCloseTimeout {
			t.Errorf("it took %v", took)
		}
	})
}

// A letter case gets the request of a client even if the method is not GET.
func TestPostReachesCase(t *testing.T) {
	cases, err := Cases([]string{"C.8.1"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Cases: cases}
	ctx, stop := context.WithTimeout(t.Context(), time.Minute)
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx, l) }()
	defer func() {
		stop()
		<-served
	}()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := io.WriteString(c, "POST /runCase?case=1&agent=a HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
		t.Fatal(err)
	}
	answer, err := io.ReadAll(c)
	if err != nil || len(answer) > 0 {
		t.Fatalf("%q, error %v", answer, err)
	}
	if r, err := s.Wait(ctx, "a", "C.8.1"); err != nil || r.Behavior != report.Failed ||
		!strings.Contains(r.Result, "POST") {
		t.Errorf("%+v, error %v", r, err)
	}
}
