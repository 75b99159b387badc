//go:build unix

package bench

import (
	"fmt"
	"net"
	"testing"
)

// BenchmarkCompressed has servers echo messages of 1 KiB of JSON, all compressed, over
// 100 connections, and reports the CPU time that a message costs there.
//
//	go test -run '^$' -bench Compressed -count 5 .
func BenchmarkCompressed(b *testing.B) {
	messages := jsonMessages(64, 1024)
	for _, takeover := range []bool{false, true} {
		for _, s := range servers {
			if takeover && !s.takeover {
				continue
			}
			b.Run(fmt.Sprintf("takeover=%v/%s", takeover, s.name), func(b *testing.B) {
				const conns = 100
				c := startChild(b, s, takeover)
				l, err := connect(c.addr, conns, takeover, messages)
				defer l.close()
				if err != nil {
					b.Fatal(err)
				}
				if _, err := l.run(20); err != nil { // fills the pools
					b.Fatal(err)
				}
				before, n, received := c.cpu(), 0, int64(0)
				for b.Loop() {
					m, err := l.run(10)
					if err != nil {
						b.Fatal(err)
					}
					n += 10 * conns
					received += m
				}
				b.ReportMetric(float64((c.cpu()-before).Nanoseconds())/1000/float64(n), "cpu-µs/msg")
				b.ReportMetric(1024*float64(n)/float64(received), "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}

// Every server echoes, with and without takeover, or else nothing is measured.
func TestServers(t *testing.T) {
	messages := jsonMessages(64, 1024)
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
				go s.serve(ln, takeover)
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
						t.Fatalf("message %d: %v; agreed: %s", i, err, c.agreed)
					}
				}
			})
		}
	}
}
