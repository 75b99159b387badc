package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
)

// minBurst is the shortest burst.
const minBurst = 10 * time.Millisecond

// A run measures candidates in rows.
type run struct {
	ctx        context.Context
	rows       []row
	candidates []*candidate
	start      starter
	reps       int
	end        time.Time
	report     *report.Report
	progress   *progress
	errs       []error // of servers that failed
}

// measure measures all rows.
func (r *run) measure() {
	defer r.stop()
	for i := range r.rows {
		r.report.Rows = append(r.report.Rows, r.newRow(&r.rows[i]))
	}
	for range r.memoryReps() {
		r.each(0, true, func(row *row, c *candidate, cell *report.Cell) error {
			return r.measureOne(c, row, 0, cell)
		})
	}
	r.bursts()
}

// stop ends all servers.
func (r *run) stop() {
	for _, c := range r.candidates {
		c.stop()
	}
}

// measureOne adds a sample to a cell. Memory is measured in a new process.
func (r *run) measureOne(c *candidate, row *row, d time.Duration, cell *report.Cell) error {
	if row.memory {
		s, err := c.launch(row.options, r.start)
		if err != nil {
			return err
		}
		defer s.stop()
		return memory(s, row, cell)
	}
	s, err := c.get(row.options, r.start)
	if err != nil {
		return err
	}
	return burst(s, row, d, cell)
}

// memoryReps returns how often memory is measured. It takes long, and differs little from one time to the next.
func (r *run) memoryReps() int {
	if time.Until(r.end) < 3*time.Minute {
		return 1
	}
	return min(r.reps, 3)
}

// bursts runs all repetitions. Each has a burst of every row for every server, in rotating order.
func (r *run) bursts() {
	weights := 0.0
	for i, row := range r.rows {
		if !row.memory {
			weights += row.weight * float64(len(r.report.Rows[i].Cells))
		}
	}
	left := time.Until(r.end)
	unit := max(time.Duration(float64(left)/float64(r.reps)/2/weights), minBurst)
	for n := range r.reps {
		if r.ctx.Err() != nil {
			return
		}
		began := time.Now()
		r.each(n, false, func(row *row, c *candidate, cell *report.Cell) error {
			return r.measureOne(c, row, time.Duration(float64(unit)*row.weight), cell)
		})
		r.progress.repetition(n+1, r.reps)
		if n+1 < r.reps {
			unit = nextBurst(time.Until(r.end), time.Since(began), unit, r.reps-n-1, weights)
		}
	}
}

// nextBurst returns the length of the next burst of weight 1, if the last repetition took that long with those
// bursts. It assumes that the time between the bursts will be the same in the next repetition.
func nextBurst(left, took, burst time.Duration, reps int, weights float64) time.Duration {
	const warm = 1.25 // a burst, and the warm-up before its measurement
	between := took - time.Duration(warm*float64(burst)*weights)
	next := float64(left/time.Duration(reps)-between) / warm / weights
	return max(time.Duration(next), minBurst)
}

// newRow returns a row of the report with empty cells for the candidates that can do it.
func (r *run) newRow(row *row) *report.Row {
	out := &report.Row{Name: row.name, Title: row.title, Unit: report.Micros, Cells: map[string]*report.Cell{}}
	if row.memory {
		out.Unit = report.KiB
	}
	for _, c := range r.candidates {
		if c.can&row.needs == 0 {
			continue
		}
		out.Cells[c.name] = &report.Cell{}
		if c.name == row.base || out.Base == "" && !row.memory {
			out.Base = c.name
		}
	}
	return out
}

// each calls f for every cell of the rows that measure memory, or of the others. The order of the candidates
// depends on n. After a failure, a cell has an error instead of samples.
func (r *run) each(n int, memory bool, f func(*row, *candidate, *report.Cell) error) {
	for i := range r.rows {
		row := &r.rows[i]
		if row.memory != memory {
			continue
		}
		for j := range r.candidates {
			c := r.candidates[(n+i+j)%len(r.candidates)]
			cell := r.report.Rows[i].Cells[c.name]
			if cell == nil || cell.Note != "" {
				continue
			}
			if r.ctx.Err() != nil {
				return
			}
			err := f(row, c, cell)
			r.progress.step()
			if err == nil {
				continue
			}
			if r.ctx.Err() != nil {
				return // an interrupted server has not failed
			}
			*cell = report.Cell{Note: err.Error()}
			if declined(err) {
				cell.Note = "declined"
				continue
			}
			r.errs = append(r.errs, fmt.Errorf("%s, row %s: %w", c.name, row.name, err))
			c.stop() // the other rows have a new process
		}
	}
}

// steps returns the number of measurements.
func (r *run) steps() (n int) {
	for i := range r.rows {
		cells := len(r.newRow(&r.rows[i]).Cells)
		if r.rows[i].memory {
			n += r.memoryReps() * cells
		} else {
			n += r.reps * cells
		}
	}
	return n
}

// failed returns the errors of all servers that failed.
func (r *run) failed() error { return errors.Join(r.errs...) }
