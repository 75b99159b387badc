package main

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

const (
	scaleReps  = 5
	scaleBurst = 150 * time.Millisecond
)

// scale measures how CPU time and memory depend on the number of connections, and CPU time on the size of
// messages. Every repetition has all servers and loads in rotating order.
func (r *run) scale() {
	defer r.stop()
	few := binary(125)
	byConns := &report.Scale{Name: report.ByConns, Title: "CPU time of a message of 125 B", X: "connections", Unit: report.Micros}
	memories := &report.Scale{Name: report.Idle, Title: "Memory of an idle connection", X: "connections", Unit: report.KiB}
	most := min(50_000, proc.MaxFiles()-100)
	if most < 50_000 {
		note := fmt.Sprintf("This system allows a process only %d connections.", most)
		byConns.Notes, memories.Notes = []string{note}, []string{note}
	}
	for _, n := range []int{10, 100, 1000, 10_000, most} {
		if n > most {
			break
		}
		load := exchange("", byConns.Title, n, few)
		r.point(byConns, float64(n), &load)
		if n >= 100 { // fewer do not stand out from what a process needs anyway
			idle := row{needs: echo.Echo, memory: true, conns: n, open: exchanging(nothing)}
			r.point(memories, float64(n), &idle)
		}
	}
	bySize := &report.Scale{Name: "size", Title: "CPU time of a message on 100 connections", X: "bytes", Unit: report.Micros}
	for size := 16; size <= 1<<20; size *= 4 {
		load := exchange("", bySize.Title, 100, binary(size))
		r.point(bySize, float64(size), &load)
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
	if s.Points == nil {
		s.Points = map[string][]report.Point{}
	}
	for name, cell := range cells {
		if !failed[name] && len(cell.Values) > 0 {
			s.Points[name] = append(s.Points[name], report.Point{X: x, Values: cell.Values, Kernel: cell.Kernel})
		}
	}
}
