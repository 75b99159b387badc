//go:build unix

package bench

import (
	"fmt"
	"testing"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
)

// BenchmarkCompressed measures servers that echo compressed messages of 1 KiB of JSON over 100 connections.
// The servers take turns in rounds. For each server, it reports the CPU time of a message (the median of all
// rounds), that time divided by the first server's, and the factor by which messages become smaller.
//
//	go test -run '^$' -bench Compressed -benchtime 20x .
func BenchmarkCompressed(b *testing.B) {
	for _, takeover := range []bool{false, true} {
		b.Run(fmt.Sprintf("takeover=%v", takeover), func(b *testing.B) { benchmarkCompressed(b, takeover) })
	}
}

func benchmarkCompressed(b *testing.B, takeover bool) {
	const conns, messages = 100, 10 // connections, and messages of each in a round
	needs, compression := echo.Deflate, load.NoTakeover
	if takeover {
		needs, compression = echo.Takeover, load.Takeover
	}
	var rows []*row
	for _, s := range echo.Servers() {
		if s.Can&needs == 0 {
			continue
		}
		r := &row{name: s.Name, server: startEcho(b, s, takeover)}
		l, err := load.DialDeflate(r.server.Addr, conns, compression, measure.JSONMessages(64, 1024))
		if err != nil {
			b.Fatal(err)
		}
		defer l.Close()
		r.load = l
		r.exchange(b, 2*messages) // fill the pools
		rows = append(rows, r)
	}
	for b.Loop() {
		for _, r := range rows {
			before, received := cpu(b, r.server), r.load.Received()
			r.exchange(b, messages)
			used := float64((cpu(b, r.server) - before).Nanoseconds()) / 1000
			r.costs = append(r.costs, used/(conns*messages))
			r.received += r.load.Received() - received
		}
	}
	for _, r := range rows {
		b.ReportMetric(r.costs.Median(), r.name+"-cpu-µs/msg")
		b.ReportMetric(r.costs.Over(rows[0].costs).Median(), r.name+"/"+rows[0].name)
		b.ReportMetric(float64(1024*conns*messages*len(r.costs))/float64(r.received), r.name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// A row is the measurements of a server.
type row struct {
	name     string
	server   *measure.Server
	load     *load.Load
	costs    stats.Samples // the CPU time of a message in each round, in µs
	received int64         // bytes
}

// exchange has every connection exchange n messages.
func (r *row) exchange(b *testing.B, n int) {
	b.Helper()
	for range n {
		if _, err := r.load.Run(0); err != nil {
			b.Fatal(r.name, ": ", err)
		}
	}
}
