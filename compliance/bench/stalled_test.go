//go:build unix

package bench

import (
	"fmt"
	"net"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/hawser-ws/hawser/compliance/bench/internal/stats"
)

// BenchmarkStalled measures how long messages of 1 KiB are under way to 990 of 1,000 connections, while the
// other 10 read, and while they do not. Each server runs in two processes, one for each kind, which change
// roles from round to round and take turns within a round, and so do the servers. For each server, it reports
// the median and the 99th percentile of the deliveries of a message for both kinds, and their ratios. Each
// number is the median of the messages of a round, and then of all rounds, so that other work on the machine,
// which delays some messages, counts little. The log has the quartiles, too. The benchmark fails if any of the
// 990 loses a message, or receives one out of order.
//
//	go test -run '^$' -bench Stalled -benchtime 15x .
func BenchmarkStalled(b *testing.B) {
	var rows []*stallRow
	for _, s := range rooms {
		if !s.isolates {
			continue
		}
		r := &stallRow{name: s.name}
		for i := range r.sides {
			side := &stallSide{room: startRoom(b, s.name, true)}
			defer func() { side.audience.close() }()
			if err := side.audience.join(&net.Dialer{}, side.room.Addr, 990); err != nil {
				b.Fatal(err)
			}
			side.room.await(990)
			r.sides[i] = side
		}
		rows = append(rows, r)
	}
	for round := 0; b.Loop(); round++ {
		for _, r := range rows {
			if err := r.round(r.sides[round%2], r.sides[1-round%2]); err != nil {
				b.Fatal(r.name, ": ", err)
			}
		}
	}
	reportDelays(b, rows)
}

// A stallRow is the measurements of a room whose connections stall.
type stallRow struct {
	name       string
	sides      [2]*stallSide
	free, held delays // while all read, and while some do not
}

// A stallSide is one of the processes of a room.
type stallSide struct {
	room     roomProcess
	audience audience
	guests   audience
	next     uint64 // the id of the next message
}

// round adds 10 connections to each side, which read on one side only. It sends messages until those that do
// not read are stalled, and then measures.
func (r *stallRow) round(free, held *stallSide) error {
	const before, measured, chunk = stallBytes / stallSize, 100, 5
	var all [2][][]time.Duration // of each side
	sides, readers := [2]*stallSide{free, held}, [2]audience{}
	for i, s := range sides {
		defer s.leave()
		if err := s.invite(); err != nil {
			return err
		}
		readers[i] = s.audience
		if s == free {
			readers[i] = slices.Concat(s.audience, s.guests)
		}
		if _, err := s.receive(readers[i], before); err != nil {
			return err
		}
		all[i] = make([][]time.Duration, len(s.audience)) // the same connections on both sides
	}
	for turn := range measured / chunk {
		for i := range sides {
			i = (i + turn) % len(sides) // both kinds are first in every other turn
			d, err := sides[i].receive(readers[i], chunk)
			if err != nil {
				return err
			}
			for c := range all[i] {
				all[i][c] = append(all[i][c], d[c]...)
			}
		}
	}
	r.free.add(all[0])
	r.held.add(all[1])
	return nil
}

// stallSize is the size of a message.
const stallSize = 1024

// receive sends n messages, one when all readers have received the one before.
func (s *stallSide) receive(readers audience, n int) ([][]time.Duration, error) {
	d, err := readers.receive(s.next, n, 1, func(first uint64, n int) { s.room.broadcast(first, n, stallSize) })
	s.next += uint64(n)
	return d, err
}

// invite adds the guests.
func (s *stallSide) invite() error {
	const guests = 10
	if err := s.guests.join(&net.Dialer{Control: smallReceiveBuffer}, s.room.Addr, guests); err != nil {
		return err
	}
	s.room.await(len(s.audience) + guests)
	return nil
}

// leave removes the guests.
func (s *stallSide) leave() {
	s.guests.close()
	s.guests = nil
	s.room.await(len(s.audience))
}

// reportDelays reports the medians, and logs the quartiles in a table.
func reportDelays(b *testing.B, rows []*stallRow) {
	var table strings.Builder
	w := tabwriter.NewWriter(&table, 0, 0, 2, ' ', 0)
	fmt.Fprint(w, "median (quartiles)\t\tms\tms, 10 stalled\tratio")
	for _, r := range rows {
		for _, q := range []struct {
			name       string
			free, held stats.Samples
		}{{"p50", r.free.p50, r.held.p50}, {"p99", r.free.p99, r.held.p99}} {
			ratio := q.held.Over(q.free)
			b.ReportMetric(q.free.Median(), r.name+"-"+q.name+"-ms")
			b.ReportMetric(q.held.Median(), r.name+"-stalled-"+q.name+"-ms")
			b.ReportMetric(ratio.Median(), r.name+"-stalled/"+q.name)
			fmt.Fprint(w, "\n", r.name, "\t", q.name, "\t", q.free, "\t", q.held, "\t", ratio)
		}
	}
	w.Flush()
	b.Log("\n", table.String())
	b.ReportMetric(0, "ns/op")
}
