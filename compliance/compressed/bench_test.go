//go:build unix

package compressed

import (
	"strconv"
	"testing"
	"time"
)

// BenchmarkEcho has a server in another process echo messages of 1 KiB of JSON, and
// tells what CPU time each costs there: reading, inflating, compressing, writing.
// The connections take turns, so that with takeover a server that has many must
// enter the window of another each time.
//
//	go test -run '^$' -bench Echo
func BenchmarkEcho(b *testing.B) {
	for _, a := range agreements {
		for _, conns := range []int{1, 100} {
			b.Run(a.name+"/conns="+strconv.Itoa(conns), func(b *testing.B) { benchmarkEcho(b, a, conns) })
		}
	}
}

func benchmarkEcho(b *testing.B, a agreement, conns int) {
	c := startChild(b, a.name)
	messages := jsonMessages(jsonMost, jsonSize)
	peers := make([]*peer, conns)
	var frames [][]byte
	for i := range peers {
		p := &peer{t: b, client: true}
		if err := p.dial(c.addr, a.field()); err != nil {
			b.Fatal(err)
		}
		p.nc.SetDeadline(time.Now().Add(10 * time.Minute))
		defer p.nc.Close()
		peers[i] = p
		var err error
		if frames, _, err = p.encode(a, messages); err != nil {
			b.Fatal(err)
		}
	}
	// With takeover every message must follow the one it was compressed behind.
	// After the last the first may come again: it refers to nothing.
	var wire int
	exchange := func(i int) {
		p, f := peers[i%conns], frames[i/conns%len(frames)]
		if _, err := p.nc.Write(f); err != nil {
			b.Fatal(err)
		}
		_, echo, err := p.next()
		if err != nil {
			b.Fatal(err)
		}
		wire += len(echo)
	}
	n := 0
	for ; n < 4*conns; n++ { // fills the pools
		exchange(n)
	}
	wire = 0
	before := c.cpu()
	b.SetBytes(1024)
	b.ResetTimer()
	for range b.N {
		exchange(n)
		n++
	}
	b.StopTimer()
	b.ReportMetric(float64(c.cpu()-before)/float64(b.N), "server-ns/op")
	b.ReportMetric(float64(b.N)*1024/float64(wire), "ratio")
}

// cpu returns the CPU time that the child has used, in nanoseconds.
func (c *child) cpu() int64 {
	c.tb.Helper()
	n, err := strconv.ParseInt(c.ask("cpu"), 10, 64)
	if err != nil {
		c.tb.Fatal(err)
	}
	return n
}
