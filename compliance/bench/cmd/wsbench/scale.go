package main

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

const (
	scaleReps  = 3
	scaleBurst = 150 * time.Millisecond
)

// scale measures loads up to the largest that the system allows.
func (r *run) scale() {
	most, note := min(50_000, proc.MaxFiles()-100), ""
	if most < 50_000 {
		note = fmt.Sprintf("This system allows a process only %d connections.", most)
	}
	var conns, sizes []int
	for n := 10; n < most; n *= 10 {
		conns = append(conns, n)
	}
	for n := 16; n <= 1<<20; n *= 4 {
		sizes = append(sizes, n)
	}
	r.scales(append(conns, most), sizes, note)
}

// scales measures how CPU time and memory depend on the number of connections, and CPU time on the size of
// messages. Every repetition has all servers in rotating order. The note is about the numbers of connections.
func (r *run) scales(conns, sizes []int, note string) {
	defer r.stop()
	byConns := &report.Scale{Name: report.ByConns, Title: "CPU time of a message of 125 B", X: "connections", Unit: report.Micros}
	memories := &report.Scale{Name: report.Idle, Title: "Memory of an idle connection", X: "connections", Unit: report.KiB}
	bySize := &report.Scale{Name: "size", Title: "CPU time of a message on 100 connections", X: "bytes", Unit: report.Micros}
	if note != "" {
		byConns.Notes, memories.Notes = []string{note}, []string{note}
	}
	small := binary(125)
	for _, n := range conns {
		load := exchange("", byConns.Title, n, small)
		r.point(byConns, float64(n), &load)
		if n >= 100 { // the memory of fewer is lost in that of the process
			idle := row{needs: echo.Echo, memory: true, conns: n, open: exchanging(nothing)}
			r.point(memories, float64(n), &idle)
		}
	}
	for _, n := range sizes {
		load := exchange("", bySize.Title, 100, binary(n))
		r.point(bySize, float64(n), &load)
	}
	r.report.Scales = []*report.Scale{byConns, memories, bySize}
}

// point measures all candidates with a load.
func (r *run) point(s *report.Scale, x float64, load *row) {
	cells := map[string]*report.Cell{}
	failed := map[string]bool{}
	reps := scaleReps
	if load.memory {
		reps = 1
	}
	for rep := range reps {
		for i := range r.candidates {
			c := r.candidates[(rep+i)%len(r.candidates)]
			if c.name == "rawtcp2" { // the noise does not depend on the load
				continue
			}
			if c.can&load.needs == 0 || failed[c.name] || r.ctx.Err() != nil {
				continue
			}
			if cells[c.name] == nil {
				cells[c.name] = &report.Cell{}
			}
			if err := r.measureOne(c, load, scaleBurst, cells[c.name]); err != nil && r.ctx.Err() == nil {
				failed[c.name] = true
				r.errs = append(r.errs, fmt.Errorf("%s, %s, %v %s: %w", c.name, s.Title, x, s.X, err))
				c.stop()
			}
		}
	}
	r.progress.point(s, x)
	if s.Points == nil {
		s.Points = map[string][]report.Point{}
	}
	for name, cell := range cells {
		if !failed[name] && len(cell.Values) > 0 {
			s.Points[name] = append(s.Points[name], report.Point{X: x, Values: cell.Values, Kernel: cell.Kernel})
		}
	}
}
