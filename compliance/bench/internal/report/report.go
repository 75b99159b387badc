// Package report has the results of a run of wsbench, and writes them as JSON, Markdown and SVG.
package report

import (
	"encoding/json"
	"io"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// A Report has the results of a run.
type Report struct {
	Date     time.Time         `json:"date"`
	Duration time.Duration     `json:"duration_ns"`
	Command  string            `json:"command"`
	Machine  Machine           `json:"machine"`
	Versions map[string]string `json:"versions"` // of the servers' libraries, by the names of the servers
	Servers  []string          `json:"servers"`  // the others are compared with the first one
	Rows     []*Row            `json:"rows"`
	Scales   []*Scale          `json:"scales,omitempty"`
}

// A Machine is where a run took place.
type Machine struct {
	CPU    string `json:"cpu"`
	Cores  int    `json:"cores"`
	Kernel string `json:"kernel"`
	Go     string `json:"go"`
}

// A Row has the results for one kind of load.
type Row struct {
	Name  string           `json:"name"`
	Title string           `json:"title"`
	Unit  Unit             `json:"unit"`
	Base  string           `json:"base,omitempty"` // the server whose ratio is 1; empty for rows without ratios
	Cells map[string]*Cell `json:"cells"`          // by the names of the servers

	// Medians has the median ratio of each server, or the median amount of memory. WriteJSON sets it.
	Medians map[string]Median `json:"medians,omitempty"`
}

// A Median is a median and the bounds of its interval.
type Median struct {
	Median float64 `json:"median"`
	Low    float64 `json:"low"`
	High   float64 `json:"high"`
}

// medians returns the medians of all servers that have samples.
func (r *Row) medians() map[string]Median {
	all := map[string]Median{}
	for server, c := range r.Cells {
		s := c.Values
		if r.Unit == Micros {
			s = r.Ratio(server)
		}
		if len(s) > 0 {
			low, high := s.Interval()
			all[server] = Median{s.Median(), low, high}
		}
	}
	return all
}

// A Unit is the unit of a row.
type Unit string

const (
	Micros Unit = "µs"  // CPU time of a message
	KiB    Unit = "KiB" // resident memory of a connection
)

// A Cell has the samples of a server in a row: one for each repetition, in the same order for all servers.
type Cell struct {
	Note   string        `json:"note,omitempty"` // why there are no samples
	Values stats.Samples `json:"values,omitempty"`
	// Collected is like Values, after a collection of garbage.
	Collected stats.Samples `json:"collected,omitempty"`
	// Kernel is the memory of the kernel for the server's end of a connection, if Values are memory.
	Kernel stats.Samples `json:"kernel,omitempty"`

	Calls   stats.Samples `json:"calls,omitempty"`   // system calls of a message that read or write
	Mallocs stats.Samples `json:"mallocs,omitempty"` // allocations of a message
	P50     stats.Samples `json:"p50_us,omitempty"`  // of the time until the echo of a batch is complete
	P99     stats.Samples `json:"p99_us,omitempty"`
}

// Ratio returns the ratios of a server in a row, repetition by repetition. It is nil if there are none.
func (r *Row) Ratio(server string) stats.Samples {
	c, base := r.Cells[server], r.Cells[r.Base]
	if c == nil || base == nil {
		return nil
	}
	n := min(len(c.Values), len(base.Values)) // a run may end in the middle of a repetition
	if n == 0 {
		return nil
	}
	return c.Values[:n].Over(base.Values[:n])
}

// A Scale has measurements with loads of different sizes.
type Scale struct {
	Name   string             `json:"name"`
	Title  string             `json:"title"`
	X      string             `json:"x"` // what differs
	Unit   Unit               `json:"unit"`
	Points map[string][]Point `json:"points"` // by the names of the servers
	Notes  []string           `json:"notes,omitempty"`
}

// A Point is a measurement with one load.
type Point struct {
	X      float64       `json:"x"`
	Values stats.Samples `json:"values"`
	Kernel stats.Samples `json:"kernel,omitempty"` // like that of a Cell
}

// WriteJSON writes all samples and medians.
func (r *Report) WriteJSON(w io.Writer) error {
	for _, row := range r.Rows {
		row.Medians = row.medians()
	}
	e := json.NewEncoder(w)
	e.SetIndent("", "\t")
	return e.Encode(r)
}
