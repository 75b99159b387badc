// Command wsbench compares WebSocket servers by the CPU time of a message.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/bench/internal/proc"
)

func main() {
	if name := os.Getenv(serverVar); name != "" {
		if err := serve(name); err != nil {
			fmt.Fprintln(os.Stderr, name+":", err)
			os.Exit(1)
		}
		return
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "wsbench:", err)
		os.Exit(1)
	}
}

// commands is a flag: servers by their commands.
type commands []*server

func (c *commands) String() string { return "" }

func (c *commands) Set(v string) error {
	name, command, found := strings.Cut(v, "=")
	if !found {
		return errors.New("want NAME=COMMAND")
	}
	*c = append(*c, &server{name: name, command: command})
	return nil
}

func run(args []string) error {
	f := flag.NewFlagSet("wsbench", flag.ContinueOnError)
	var more commands
	f.Var(&more, "server", "also measure the server that `NAME=COMMAND` starts; it must print its address")
	only := f.String("servers", "", "measure only these built-in `servers`, for instance rawtcp,hawser")
	which := f.String("rows", "", "only these `rows`, for instance 125b,64k")
	total := f.Duration("time", 5*time.Minute, "the `time` of the run")
	reps := f.Int("reps", 11, "the `number` of repetitions")
	if err := f.Parse(args); err != nil {
		return err
	}
	selected := slices.DeleteFunc(slices.Clone(rows), func(r row) bool {
		return *which != "" && !slices.Contains(strings.Split(*which, ","), r.name)
	})
	var servers []*server
	for _, s := range echo.Servers() {
		if *only == "" || slices.Contains(strings.Split(*only, ","), s.Name) {
			servers = append(servers, &server{name: s.Name})
		}
	}
	servers = append(servers, more...)

	runtime.GOMAXPROCS(1)
	start, err := proc.Pin()
	if err != nil {
		return err
	}
	for _, s := range servers {
		if err := s.launch(start); err != nil {
			return err
		}
		defer s.stop()
	}
	cells := make([][]cell, len(selected))
	var batches [][]load.Batch
	weights := 0.0
	for i, r := range selected {
		cells[i] = make([]cell, len(servers))
		batches = append(batches, nil)
		if r.batches != nil {
			batches[i] = r.batches()
		}
		weights += r.weight
	}
	end := time.Now().Add(*total)
	slot := time.Duration(float64(*total) / float64(*reps+1) / float64(len(servers)) / weights)
	d := max(slot/2, 10*time.Millisecond)
	for n := range *reps {
		began := time.Now()
		if err := repetition(n, selected, servers, cells, batches, d); err != nil {
			return err
		}
		fmt.Fprintf(os.Stderr, "repetition %d of %d took %v; bursts of %v\n", n+1, *reps, time.Since(began).Round(time.Millisecond), d)
		// What is not a burst takes as long next time.
		bursts := time.Duration(float64(d) * 1.25 * weights * float64(len(servers)))
		rest := time.Until(end)/time.Duration(max(*reps-n-1, 1)) - (time.Since(began) - bursts)
		d = max(time.Duration(float64(rest)/1.25/weights/float64(len(servers))), 10*time.Millisecond)
	}
	print(selected, servers, cells)
	return nil
}

func print(selected []row, servers []*server, cells [][]cell) {
	for i, r := range selected {
		fmt.Printf("%s (µs of %s: %.2f)\n", r.title, servers[0].name, cells[i][0].CPU.Median())
		for k, s := range servers {
			c := cells[i][k]
			ratio := c.CPU.Over(cells[i][0].CPU)
			low, high := ratio.Interval()
			fmt.Printf("  %-14s %6.2f (%.2f to %.2f)  %8.2f µs", s.name, ratio.Median(), low, high, c.CPU.Median())
			if len(c.Calls) > 0 {
				fmt.Printf("  %6.2f calls", c.Calls.Median())
			}
			if len(c.Mallocs) > 0 {
				fmt.Printf("  %6.2f allocs", c.Mallocs.Median())
			}
			fmt.Printf("  p50 %.0f p99 %.0f µs\n", c.P50.Median(), c.P99.Median())
		}
	}
}
