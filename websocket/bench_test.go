package websocket_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

var benchSizes = []int{16, 125, 1 << 10, 4 << 10, 64 << 10}

// BenchmarkRead reads messages from memory, one or 32 of which arrive in a read of the
// transport.
func BenchmarkRead(b *testing.B) {
	ctx := context.Background()
	for _, copies := range []int{1, 32} {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("AppendRead/%d/%d", copies, size), func(b *testing.B) {
				c := newTape(wire.Server, Binary, make([]byte, size), copies)
				dst := make([]byte, 0, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if _, _, err := c.AppendRead(ctx, dst); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(fmt.Sprintf("Messages/%d/%d", copies, size), func(b *testing.B) {
				c := newTape(wire.Server, Binary, make([]byte, size), copies)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for _, err := range c.Messages(ctx) {
					if err != nil {
						b.Fatal(err)
					}
					if !b.Loop() {
						break
					}
				}
			})
		}
	}
}

// BenchmarkWrite writes messages to a transport that discards them.
func BenchmarkWrite(b *testing.B) {
	ctx := context.Background()
	for _, role := range roles {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%v/%d", role, size), func(b *testing.B) {
				c := newTape(role, Binary, []byte("-"), 1)
				p := make([]byte, size)
				b.SetBytes(int64(size))
				b.ReportAllocs()
				for b.Loop() {
					if err := c.Write(ctx, Binary, p); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// BenchmarkBroadcast sends one message on many connections of a server in turn, with Write
// and with WritePrepared. "nowhere" has a thousand connections that discard it, which
// measures this package alone. "tcp" has a hundred, whose peers read it. An op is one
// connection.
func BenchmarkBroadcast(b *testing.B) {
	for _, kind := range []string{"nowhere", "tcp"} {
		for _, size := range benchSizes {
			data := make([]byte, size)
			m := prepare(b, Binary, data)
			for name, send := range map[string]func(*Conn) error{
				"Write":         func(c *Conn) error { return c.Write(context.Background(), Binary, data) },
				"WritePrepared": func(c *Conn) error { return c.WritePrepared(context.Background(), m) },
			} {
				b.Run(fmt.Sprintf("%s/%d/%s", kind, size, name), func(b *testing.B) {
					conns := broadcastConns(b, kind)
					i := 0
					b.SetBytes(int64(size))
					b.ReportAllocs()
					for b.Loop() {
						if err := send(conns[i%len(conns)]); err != nil {
							b.Fatal(err)
						}
						i++
					}
				})
			}
		}
	}
}

// broadcastConns returns connections that end with the benchmark: a thousand of kind
// nowhere, or a hundred of others, which need file descriptors.
func broadcastConns(b *testing.B, kind string) []*Conn {
	if kind == "nowhere" {
		conns := make([]*Conn, 1000)
		for i := range conns {
			conns[i] = newTape(wire.Server, Binary, []byte("-"), 1)
		}
		return conns
	}
	conns := make([]*Conn, 100)
	for i := range conns {
		ours, theirs := netPair(b, kind)
		conns[i] = NewConn(context.Background(), ours, &ConnOptions{Role: wire.Server, Limits: Limits{}})
		drained := start(func() error { _, err := io.Copy(io.Discard, theirs); return err })
		b.Cleanup(func() {
			conns[i].CloseNow()
			<-drained
			theirs.Close()
		})
	}
	return conns
}

// BenchmarkEcho measures round trips between two Conns.
func BenchmarkEcho(b *testing.B) {
	ctx := context.Background()
	for _, kind := range transports {
		for _, size := range benchSizes {
			b.Run(fmt.Sprintf("%s/%d", kind, size), func(b *testing.B) {
				client, server := connPair(b, kind, Limits{})
				go func() {
					for m, err := range server.Messages(ctx) {
						if err != nil || server.Write(ctx, m.Type, m.Data) != nil {
							return
						}
					}
				}()
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
			})
		}
	}
}

// BenchmarkPingFlood reads pings at full speed from a peer that also reads the pongs at
// full speed. An op is 64 KiB of pings.
func BenchmarkPingFlood(b *testing.B) {
	for _, kind := range []string{"tcp", "tls"} {
		for _, size := range []int{0, wire.MaxControlPayload} {
			b.Run(fmt.Sprintf("%s/%d", kind, size), func(b *testing.B) {
				ours, theirs := netPair(b, kind)
				c := NewConn(context.Background(), ours,
					&ConnOptions{Role: wire.Server, Limits: Limits{MaxControls: -1}})
				drained := start(func() error { _, err := io.Copy(io.Discard, theirs); return err })
				b.Cleanup(func() {
					c.CloseNow()
					<-drained
					theirs.Close()
				})
				frame := func(op wire.Opcode, size int) []byte {
					h := wire.Header{Fin: true, Opcode: op, Length: int64(size), Masked: true}
					return append(wire.AppendHeader(nil, h), make([]byte, size)...)
				}
				ping := frame(wire.OpPing, size)
				pings := 64 << 10 / len(ping)
				block := append(bytes.Repeat(ping, pings), frame(wire.OpText, 0)...)
				b.SetBytes(int64(len(block)))
				b.ReportAllocs()
				for b.Loop() {
					go theirs.Write(block)
					if _, _, err := c.AppendRead(context.Background(), nil); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*pings), "ns/ping")
			})
		}
	}
}

// BenchmarkConn makes a Conn and drops it.
func BenchmarkConn(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		newTape(wire.Server, Binary, nil, 1).CloseNow()
	}
}
