package suite

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/compliance/report"
	"github.com/hawser-ws/hawser/websocket"
)

// The report has the case that is still at its end when the client asks for it.
func TestReportWaitsForCases(t *testing.T) {
	cases, err := Cases([]string{"5.19"}, nil) // waits a second in its middle
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
	asked := make(chan error, 1)
	go func() {
		q, _, err := websocket.Dial(ctx, url+"/updateReports?agent=a&shutdownOnComplete=true", nil)
		if err == nil {
			_, _, _ = q.Read(ctx) // the server closes
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
		t.Errorf("the report had %d results", reported.Load())
	}
	if r, err := s.Wait(ctx, "a", "5.19"); err != nil || !r.Passed() {
		t.Errorf("%+v, %v", r, err)
	}
}
