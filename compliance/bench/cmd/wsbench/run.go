package main

import (
	"fmt"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// A cell has the measurements of a server under a load, one for each repetition.
type cell struct {
	CPU      stats.Samples // µs a message
	Calls    stats.Samples // system calls a message
	Mallocs  stats.Samples // allocations a message
	P50, P99 stats.Samples // µs of a batch
}

// burst has a server under a load for a time, and adds a sample to c.
func (c *cell) burst(s *server, r row, batches []load.Batch, d time.Duration) (err error) {
	var l *load.Load
	if r.connect {
		l, err = load.Visit(s.addr, r.conns)
	} else {
		l, err = load.Dial(s.addr, r.conns, batches)
	}
	if l != nil {
		defer l.Close()
	}
	if err != nil {
		return err
	}
	if _, err := l.Run(d / 4); err != nil { // warms up
		return err
	}
	if err := s.settle(); err != nil {
		return err
	}
	before, err := s.read()
	if err != nil {
		return err
	}
	res, err := l.Run(d)
	if err != nil {
		return err
	}
	if r.connect { // the end of a connection may come before the server has done all
		if err := s.settle(); err != nil {
			return err
		}
	}
	after, err := s.read()
	if err != nil {
		return err
	}
	n := float64(res.Messages)
	c.CPU = append(c.CPU, float64((after.cpu-before.cpu).Nanoseconds())/1000/n)
	if after.calls >= 0 {
		c.Calls = append(c.Calls, float64(after.calls-before.calls)/n)
	}
	if after.mallocs >= 0 {
		c.Mallocs = append(c.Mallocs, float64(after.mallocs-before.mallocs)/n)
	}
	c.P50 = append(c.P50, micros(res.Times.Quantile(0.5)))
	c.P99 = append(c.P99, micros(res.Times.Quantile(0.99)))
	return nil
}

func micros(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 }

// repetition has every server under every load once. The order of the servers rotates.
func repetition(n int, rows []row, servers []*server, cells [][]cell, batches [][]load.Batch, d time.Duration) error {
	for i, r := range rows {
		for j := range servers {
			k := (j + n + i) % len(servers)
			each := time.Duration(float64(d) * r.weight)
			if err := cells[i][k].burst(servers[k], r, batches[i], each); err != nil {
				return fmt.Errorf("%s, %s: %w", servers[k].name, r.name, err)
			}
			if err := servers[k].settle(); err != nil {
				return err
			}
		}
	}
	return nil
}
