package websocket_test

import (
	"context"
	"fmt"
	"net"
	"runtime"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// streamPair returns a server and a client over wrapped transports of a kind.
func streamPair(b *testing.B, kind string, wrap func(net.Conn) net.Conn) (server, client *Conn) {
	ours, theirs := netPair(b, kind)
	server = NewConn(context.Background(), wrap(ours), nil)
	client = NewConn(context.Background(), wrap(theirs), &ConnOptions{Role: wire.Client})
	return server, client
}

// streams are wrappers of transports: one passes deadlines on, the other has none.
var streams = []struct {
	name string
	wrap func(net.Conn) net.Conn
}{
	{"with", func(nc net.Conn) net.Conn { return wrapped{nc} }},
	{"without", func(nc net.Conn) net.Conn { return undeadlined{nc} }},
}

// BenchmarkEchoStream measures round trips over streams with and without deadlines.
func BenchmarkEchoStream(b *testing.B) {
	ctx := context.Background()
	for _, s := range streams {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", s.name, size), func(b *testing.B) {
				server, client := streamPair(b, "tcp", s.wrap)
				done := start(func() error {
					for m, err := range server.Messages(ctx) {
						if err != nil || server.Write(ctx, m.Type, m.Data) != nil {
							return err
						}
					}
					return nil
				})
				p, dst := make([]byte, size), make([]byte, 0, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := client.Write(ctx, Binary, p); err != nil {
						b.Fatal(err)
					}
					if _, _, err := client.AppendRead(ctx, dst); err != nil {
						b.Fatal(err)
					}
				}
				client.CloseNow()
				server.CloseNow()
				<-done
			})
		}
	}
}

// BenchmarkIdleStream measures the memory of a connection that waits in Read.
func BenchmarkIdleStream(b *testing.B) {
	for _, s := range streams {
		b.Run(s.name, func(b *testing.B) {
			const conns = 200
			for b.Loop() {
				var before, after runtime.MemStats
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&before)
				var ends []*Conn
				read := make(chan struct{})
				for range conns {
					server, client := streamPair(b, "pipe", s.wrap)
					ends = append(ends, server, client)
					for _, c := range []*Conn{server, client} {
						go func() { c.Read(context.Background()); read <- struct{}{} }()
					}
				}
				for range 100 {
					runtime.Gosched()
				}
				runtime.GC()
				runtime.GC()
				runtime.ReadMemStats(&after)
				used := after.HeapInuse + after.StackInuse - before.HeapInuse - before.StackInuse
				b.ReportMetric(float64(used)/(2*conns), "B/conn")
				for _, c := range ends {
					c.CloseNow()
				}
				for range ends {
					<-read
				}
			}
		})
	}
}
