//go:build unix

package fanout

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

const (
	benchMembers = 1000
	benchBurst   = 32   // messages; the buffers of a socket hold them
	benchSize    = 1024 // bytes
)

// A bench is a room over loopback TCP, whose peers read only between the measurements.
type bench struct {
	room    Room
	conns   []*websocket.Conn
	peers   []net.Conn
	written atomic.Int64
	target  atomic.Int64
	reached chan struct{}
	cpu     time.Duration
	elapsed time.Duration // in the calls that send
}

func newBench(b *testing.B) *bench {
	x := &bench{reached: make(chan struct{}, 1)}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer ln.Close()
	wrote := func(*websocket.Conn, websocket.MessageType, int64, int64) {
		if x.written.Add(1) == x.target.Load() {
			x.reached <- struct{}{}
		}
	}
	for range benchMembers {
		peer, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		nc, err := ln.Accept()
		if err != nil {
			b.Fatal(err)
		}
		events := &websocket.Events{Wrote: wrote}
		c := websocket.NewConn(background, nc, &websocket.ConnOptions{Events: events})
		b.Cleanup(func() {
			c.CloseNow()
			peer.Close()
		})
		x.room.Join(NewQueue(c, &Options{MaxBytes: -1}))
		x.conns, x.peers = append(x.conns, c), append(x.peers, peer)
	}
	return x
}

// measure calls send n times, waits until all members have got as many messages, and lets them
// read.
func (x *bench) measure(b *testing.B, n int, send func()) {
	x.target.Add(int64(n * benchMembers))
	before, began := cpuTime(), time.Now()
	b.StartTimer()
	for range n {
		send()
	}
	x.elapsed += time.Since(began)
	<-x.reached
	b.StopTimer()
	x.cpu += cpuTime() - before
	p := make([]byte, n*(benchSize+4))
	for _, peer := range x.peers {
		if _, err := io.ReadFull(peer, p); err != nil {
			b.Fatal(err)
		}
	}
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkBroadcast compares the processor time of a delivery by a Room with that of WritePrepared
// in a loop, and in a goroutine for each connection. The messages come one at a time or in bursts.
func BenchmarkBroadcast(b *testing.B) {
	for name, burst := range map[string]int{"single": 1, "burst": benchBurst} {
		run := func(how string, send func(x *bench, m *Message)) {
			b.Run(name+"/"+how, func(b *testing.B) {
				b.ReportAllocs()
				x := newBench(b)
				m, _ := Prepare(websocket.Text, []byte(strings.Repeat("x", benchSize)))
				b.StopTimer()
				b.ResetTimer()
				for done := 0; done < b.N; {
					n := min(burst, b.N-done)
					x.measure(b, n, func() { send(x, m) })
					done += n
				}
				n := float64(b.N)
				b.ReportMetric(float64(x.cpu)/n/benchMembers, "cpu-ns/delivery")
				b.ReportMetric(float64(x.elapsed)/n, "ns/call")
			})
		}
		run("room", func(x *bench, m *Message) { x.room.Broadcast(m) })
		run("loop", func(x *bench, m *Message) {
			for _, c := range x.conns {
				if err := c.WritePrepared(background, m.prepared); err != nil {
					b.Error(err)
				}
			}
		})
		run("goroutines", func(x *bench, m *Message) {
			var sends sync.WaitGroup
			for _, c := range x.conns {
				sends.Go(func() { _ = c.WritePrepared(background, m.prepared) })
			}
			sends.Wait()
		})
	}
}
