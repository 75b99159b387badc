package main

import (
	"runtime"
	"testing"

	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

// Every scale has a point for each load and server, except for the copy of the first server.
func TestScales(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory is measured on Linux")
	}
	cfg := &config{servers: "rawtcp,rawtcp2,hawser"}
	all, err := cfg.candidates(t.Context(), t.TempDir(), t.Output())
	if err != nil {
		t.Fatal(err)
	}
	r := &run{
		ctx: t.Context(), candidates: all, report: newReport(all), progress: newProgress(t.Output(), 0),
		start: func(f func() error) error { return f() },
	}
	r.scales([]int{10, 100}, []int{16}, "a note")
	if r.failed() != nil {
		t.Fatal(r.failed())
	}
	for i, want := range []struct {
		name                  string
		points, reps, kernels int
	}{
		{report.ByConns, 2, scaleReps, 0}, {report.Idle, 1, 1, 1}, {"size", 1, scaleReps, 0},
	} {
		s := r.report.Scales[i]
		if s.Name != want.name || len(s.Points) != 2 {
			t.Fatalf("scale %s has %d servers, want %s with 2", s.Name, len(s.Points), want.name)
		}
		for server, points := range s.Points {
			if len(points) != want.points || len(points[0].Values) != want.reps || len(points[0].Kernel) != want.kernels {
				t.Errorf("scale %s, server %s: %+v", s.Name, server, points)
			}
		}
		if notes := len(s.Notes); (notes == 1) != (s.Name != "size") {
			t.Errorf("scale %s has %d notes", s.Name, notes)
		}
	}
}
