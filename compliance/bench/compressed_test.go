//go:build unix

package bench

import (
	"fmt"
	"net"
	"testing"

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
	var rows []*row
	for _, s := range servers {
		if takeover && !s.takeover {
			continue
		}
		r := &row{name: s.name, server: startEcho(b, s, takeover)}
		l, err := connect(r.server.Addr, conns, takeover, measure.JSONMessages(64, 1024))
		defer l.close()
		if err != nil {
			b.Fatal(err)
		}
		if _, err := l.run(2 * messages); err != nil { // fill the pools
			b.Fatal(err)
		}
		r.load = l
		rows = append(rows, r)
	}
	for b.Loop() {
		for _, r := range rows {
			before := cpu(b, r.server)
			n, err := r.load.run(messages)
			if err != nil {
				b.Fatal(err)
			}
			used := float64((cpu(b, r.server) - before).Nanoseconds()) / 1000
			r.costs = append(r.costs, used/(conns*messages))
			r.received += n
		}
	}
	for _, r := range rows {
		b.ReportMetric(r.costs.median(), r.name+"-cpu-µs/msg")
		b.ReportMetric(r.costs.median()/rows[0].costs.median(), r.name+"/"+rows[0].name)
		b.ReportMetric(float64(1024*conns*messages*len(r.costs))/float64(r.received), r.name+"-ratio")
	}
	b.ReportMetric(0, "ns/op")
}

// A row is the measurements of a server.
type row struct {
	name     string
	server   *measure.Server
	load     *load
	costs    samples // the CPU time of a message in each round, in µs
	received int64   // bytes
}

// Every server echoes messages, with and without context takeover.
func TestServers(t *testing.T) {
	messages := measure.JSONMessages(64, 1024)
	for _, s := range servers {
		for _, takeover := range []bool{false, true} {
			if takeover && !s.takeover {
				continue
			}
			t.Run(fmt.Sprintf("%s/takeover=%v", s.name, takeover), func(t *testing.T) {
				ln, err := net.Listen("tcp", "127.0.0.1:0")
				if err != nil {
					t.Fatal(err)
				}
				defer ln.Close()
				go serveHTTP(ln, s.handler(takeover))
				c, err := dial(ln.Addr().String(), offers(takeover))
				if err != nil {
					t.Fatal(err)
				}
				defer c.nc.Close()
				session, err := c.session(offers(takeover))
				if err != nil {
					t.Fatal(err)
				}
				all, err := frames(session, messages)
				if err != nil {
					t.Fatal(err)
				}
				for i, f := range append(all, all...) {
					if err := c.check(session, f, messages[i%len(messages)]); err != nil {
						t.Fatalf("message %d: %v; agreed extension: %s", i, err, c.agreed)
					}
				}
			})
		}
	}
}
