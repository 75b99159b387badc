//go:build unix

package bench

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// BenchmarkBroadcast measures servers that send messages to 1,000 connections. The servers take turns in
// rounds. burst=1 sends a message when all connections have received the one before. burst=16 sends 16 at once.
// For each server, it reports the CPU time of a delivery, which is a message on a connection, and its ratios to
// other servers. Each number is the median of all rounds. The log has the quartiles, too.
//
//	go test -run '^$' -bench 'Broadcast$' -benchtime 15x .
func BenchmarkBroadcast(b *testing.B) {
	for _, size := range []int{125, 1024} {
		for _, burst := range []int{1, 16} {
			b.Run(fmt.Sprintf("size=%d/burst=%d", size, burst), func(b *testing.B) { benchmarkBroadcast(b, size, burst) })
		}
	}
}

// A roomRow is the measurements of a room.
type roomRow struct {
	name     string
	room     roomProcess
	audience audience
	next     uint64        // the id of the next message
	costs    stats.Samples // CPU time of a delivery, in µs
}

func benchmarkBroadcast(b *testing.B, size, burst int) {
	const conns, messages = 1000, 16 // messages in a round
	var rows []*roomRow
	for _, s := range rooms {
		r := &roomRow{name: s.name, room: startRoom(b, s.name, false)}
		defer func() { r.audience.close() }()
		if err := r.audience.join(&net.Dialer{}, r.room.Addr, conns); err != nil {
			b.Fatal(err)
		}
		r.room.await(conns)
		rows = append(rows, r)
	}
	round := func(r *roomRow) {
		send := func(first uint64, n int) { r.room.broadcast(first, n, size) }
		if _, err := r.audience.receive(r.next, messages, burst, send); err != nil {
			b.Fatal(r.name, ": ", err)
		}
		r.next += messages
	}
	for _, r := range rows {
		round(r) // fill the pools
	}
	for b.Loop() {
		for _, r := range rows {
			before := cpu(b, r.room.Server)
			round(r)
			used := float64((cpu(b, r.room.Server) - before).Nanoseconds()) / 1000
			r.costs = append(r.costs, used/(conns*messages))
		}
	}
	reportCosts(b, rows)
}

// reportCosts reports the medians, and logs the quartiles in a table.
func reportCosts(b *testing.B, rows []*roomRow) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "median (quartiles)\tCPU µs a delivery")
	for _, o := range rows {
		fmt.Fprint(w, "\t/", o.name)
	}
	for _, r := range rows {
		b.ReportMetric(r.costs.Median(), r.name+"-cpu-µs/delivery")
		fmt.Fprint(w, "\n", r.name, "\t", r.costs)
		for _, o := range rows {
			ratio := r.costs.Over(o.costs)
			fmt.Fprint(w, "\t", ratio)
			if o == rows[0] && r != o || r.name == "hawser" && o.name != r.name {
				b.ReportMetric(ratio.Median(), r.name+"/"+o.name)
			}
		}
	}
	w.Flush()
	b.Log("\n", table.String())
	b.ReportMetric(0, "ns/op")
}
