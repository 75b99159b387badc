package main

import (
	"errors"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
	"github.com/hawser-ws/hawser/compliance/bench/internal/report"
	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// burst puts a server under a load for a time, and adds a sample to c.
func burst(s *server, r *row, d time.Duration, c *report.Cell) error {
	l, err := r.open(s.addr, r.conns)
	if err != nil {
		return err
	}
	defer l.Close()
	for _, warm := range []time.Duration{0, d / 4} { // pools are filled, buffers and windows grow
		if _, err := l.Run(warm); err != nil {
			return err
		}
	}
	before, err := s.before()
	if err != nil {
		return err
	}
	done, err := l.Run(d)
	if err != nil {
		return err
	}
	after, err := s.after()
	if err != nil {
		return err
	}
	per := func(all *stats.Samples, before, after int64) {
		if before >= 0 {
			*all = append(*all, float64(after-before)/float64(done.Messages))
		}
	}
	per(&c.Calls, before.calls, after.calls)
	per(&c.Mallocs, before.mallocs, after.mallocs)
	var cpu stats.Samples
	per(&cpu, int64(before.cpu), int64(after.cpu))
	for _, ns := range cpu {
		c.Values = append(c.Values, ns/1000)
	}
	c.P50 = append(c.P50, micros(done.Times.Quantile(0.5)))
	c.P99 = append(c.P99, micros(done.Times.Quantile(0.99)))
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// memory measures the memory of connections to a server that was just started. It leaves out the memory that does
// not depend on their number: it measures a tenth of them, then all, and divides the difference. If the row says
// so and the server can be asked, it then does the same after a garbage collection. The first reading for that is
// the one without connections, because a collection would change the next reading.
func memory(s *server, r *row, c *report.Cell) error {
	none, err := s.collected(r)
	if err != nil {
		return err
	}
	first := r.conns / 10
	few, err := s.hold(r, first)
	if err != nil {
		return err
	}
	defer few.Close()
	kibFew, err := s.kib()
	if err != nil {
		return err
	}
	slabFew, noSlab := proc.Slab()
	rest, err := s.hold(r, r.conns-first)
	if err != nil {
		return err
	}
	defer rest.Close()
	kibAll, err := s.kib()
	if err != nil {
		return err
	}
	c.Values = append(c.Values, (kibAll-kibFew)/float64(r.conns-first))
	if slabAll, err := proc.Slab(); err == nil && noSlab == nil {
		const ends = 2 // this process has the other end of each connection
		c.Kernel = append(c.Kernel, float64(slabAll-slabFew)/1024/ends/float64(r.conns-first))
	}
	collected, err := s.collected(r)
	if err == nil && none > 0 {
		c.Collected = append(c.Collected, (collected-none)/float64(r.conns))
	}
	return err
}

// collected returns the memory of a server in KiB after a collection, or 0 if it is not wanted.
func (s *server) collected(r *row) (float64, error) {
	if !r.collect || !s.asks {
		return 0, nil
	}
	if _, err := s.Ask("collect"); err != nil {
		return 0, err
	}
	return s.kib()
}

func (s *server) kib() (float64, error) {
	n, err := proc.Memory(s.Pid())
	return float64(n) / 1024, err
}

// hold opens n connections and exchanges the batches of the row.
func (s *server) hold(r *row, n int) (*load.Load, error) {
	l, err := r.open(s.addr, n)
	if err != nil {
		return nil, err
	}
	for range r.exchanges {
		if _, err = l.Run(0); err != nil {
			break
		}
	}
	if err == nil {
		err = s.settle()
	}
	if err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// declined reports whether a server does not support the compression of a row.
func declined(err error) bool {
	var d *load.DeclinedError
	return errors.As(err, &d)
}
