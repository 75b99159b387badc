package deflate_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime"
	"testing"
	"time"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A corpus is a set of different messages.
type corpus struct {
	name     string
	messages [][]byte
}

func corpora() []corpus {
	rnd := rand.New(rand.NewPCG(1, 2))
	small, json, text := corpus{name: "json=256B"}, corpus{name: "json=1KiB"}, corpus{name: "text=64KiB"}
	for range 1024 {
		small.messages = append(small.messages, jsonMessage(rnd, 256))
		json.messages = append(json.messages, jsonMessage(rnd, 1024))
	}
	for range 16 {
		text.messages = append(text.messages, textMessage(rnd, 64<<10))
	}
	return []corpus{json, small, text}
}

// A way is a way to compress the messages of a connection.
type way struct {
	name        string
	windows     []int // in bits; 0 is the default
	largest     int   // size of the largest message for which the windows are kept
	connections int   // number of connections that connect makes
	connect     func(bits int) func(dst, p []byte) []byte
}

var ways = []way{
	{"takeover/shared", []int{0, 9, 12, 15}, 1 << 30, 2, shared(false, false)},
	{"takeover/shared,alone", []int{0, 9, 12, 15}, 1 << 30, 1, shared(false, true)},
	{"takeover/own", []int{9, 12, 15}, 1 << 30, 1, own},
	{"takeover/stateless", []int{12, 15}, 2048, 1, stateless},
	{"none/shared", []int{0, 9, 12}, 1 << 30, 1, shared(true, true)},
	{"none/stateless", []int{15}, 1 << 30, 1, func(int) func(_, _ []byte) []byte { return stateless(0) }},
	{"none/level1", []int{15}, 1 << 30, 1, level1},
}

// shared uses this package. If alone is false, two connections take turns, so that each gets
// a compressor with the context of the other.
func shared(noTakeover, alone bool) func(bits int) func(dst, p []byte) []byte {
	extensions := map[int]*deflate.Extension{}
	return func(bits int) func(dst, p []byte) []byte {
		e := extensions[bits]
		if e == nil {
			e = deflate.MustNew(&deflate.Options{
				WindowBits: bits, NoContextTakeover: noTakeover, Threshold: -1,
			})
			extensions[bits] = e
		}
		var sessions [2]wire.Session
		for i := range sessions {
			sessions[i], _ = e.Confirm(benchAnswer(noTakeover))
		}
		turn := 0
		return func(dst, p []byte) []byte {
			if !alone {
				turn ^= 1
			}
			dst, _ = sessions[turn].Encode(wire.MessageInfo{Size: int64(len(p))}).Append(dst, p, true)
			return dst
		}
	}
}

// benchAnswer returns a server's answer that agrees with the options of the client.
func benchAnswer(noTakeover bool) wire.ExtensionSpec {
	answer := wire.ExtensionSpec{Name: "permessage-deflate"}
	if noTakeover {
		answer.Params = []wire.Param{{Name: "server_no_context_takeover"}}
	}
	return answer
}

// A sink is a writer that appends to b.
type sink struct{ b []byte }

func (s *sink) Write(p []byte) (int, error) {
	s.b = append(s.b, p...)
	return len(p), nil
}

// own gives every connection its own compressor.
func own(bits int) func(dst, p []byte) []byte {
	s := &sink{}
	w, err := flate.NewWriterWindow(s, 1<<bits)
	if err != nil {
		panic(err)
	}
	return func(dst, p []byte) []byte {
		s.b = dst
		_, _ = w.Write(p)
		_ = w.Flush()
		return s.b[:len(s.b)-4]
	}
}

// level1 resets a compressor of level 1 for each message.
func level1(int) func(dst, p []byte) []byte {
	s := &sink{}
	w, err := flate.NewWriter(s, 1)
	if err != nil {
		panic(err)
	}
	return func(dst, p []byte) []byte {
		s.b = dst
		w.Reset(s)
		_, _ = w.Write(p)
		_ = w.Flush()
		return s.b[:len(s.b)-4]
	}
}

// stateless uses klauspost's stateless mode, with a dictionary as large as the window and the
// mode allow.
func stateless(bits int) func(dst, p []byte) []byte {
	s := &sink{}
	var dict []byte
	return func(dst, p []byte) []byte {
		s.b = dst
		size := max(0, min(8<<10, 1<<bits-len(p)))
		_ = flate.StatelessDeflate(s, p, false, dict[max(0, len(dict)-size):])
		if bits > 0 {
			dict = append(dict, p...)
			dict = dict[:copy(dict, dict[max(0, len(dict)-8<<10):])]
		}
		return s.b[:len(s.b)-4]
	}
}

// BenchmarkTable measures ways to compress. For each it reports the time of a message in the
// fastest of many batches, which other work on the machine disturbs least, the compression
// ratio, and the bytes that a connection keeps of what it sends, without pools.
//
//	go test -run '^$' -bench Table -cpu 1
func BenchmarkTable(b *testing.B) {
	for _, c := range corpora() {
		for _, w := range ways {
			for _, bits := range w.windows {
				if len(c.messages[0]) > w.largest {
					continue
				}
				b.Run(fmt.Sprintf("%s/%s/window=%d", c.name, w.name, bits), func(b *testing.B) {
					compress := w.connect(bits)
					var dst []byte
					for i := range 64 { // fill the window
						dst = compress(dst[:0], c.messages[i%len(c.messages)])
					}
					in, out := 0, 0
					fastest := fastestOf(b, c, func(p []byte) {
						dst = compress(dst[:0], p)
						in, out = in+len(p), out+len(dst)
					})
					b.ReportMetric(fastest, "µs/msg")
					b.ReportMetric(float64(in)/float64(out), "ratio")
					b.ReportMetric(float64(held(c, w, bits)), "B/conn")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}

// fastestOf calls once with the messages of c in turn, and returns the time of a call in the
// fastest batch, in µs.
func fastestOf(b *testing.B, c corpus, once func(p []byte)) float64 {
	batch := min(16, len(c.messages)/8)
	fastest, i := time.Hour, 0
	for b.Loop() {
		start := time.Now()
		for range batch {
			once(c.messages[i%len(c.messages)])
			i++
		}
		fastest = min(fastest, time.Since(start))
	}
	return float64(fastest.Nanoseconds()) / 1000 / float64(batch)
}

// BenchmarkDecode inflates messages whole and in two pieces, and, for comparison, whole with
// klauspost's reader.
//
//	go test -run '^$' -bench Decode -cpu 1
func BenchmarkDecode(b *testing.B) {
	for _, c := range corpora() {
		for _, bits := range []int{9, 15} {
			for _, noTakeover := range []bool{false, true} {
				for _, pieces := range []int{1, 2} {
					name := fmt.Sprintf("%s/window=%d/takeover=%v/pieces=%d",
						c.name, bits, !noTakeover, pieces)
					b.Run(name, func(b *testing.B) { decodeAll(b, c, bits, noTakeover, pieces) })
				}
			}
			b.Run(fmt.Sprintf("%s/window=%d/takeover=false/klauspost", c.name, bits), func(b *testing.B) {
				klauspostAll(b, c, bits)
			})
		}
	}
}

func decodeAll(b *testing.B, c corpus, bits int, noTakeover bool, pieces int) {
	s, to := both(b, bits, noTakeover)
	encoded := corpus{}
	for _, p := range c.messages {
		encoded.messages = append(encoded.messages, encode(b, s, p, 0))
	}
	var out []byte
	n := 0
	b.ReportAllocs()
	fastest := fastestOf(b, encoded, func(z []byte) {
		if n++; n > len(encoded.messages) { // start over with an empty window
			s, to = both(b, bits, noTakeover)
			n = 1
		}
		dec, _ := to.Decode(wire.RSV1)
		if pieces == 2 {
			out, _, _, _ = dec.Append(out[:0], z[:len(z)/2], false, 1<<20)
			out, _, _, _ = dec.Append(out, z[len(z)/2:], true, 1<<20)
		} else {
			out, _, _, _ = dec.Append(out[:0], z, true, 1<<20)
		}
		dec.Release()
		if len(out) != len(c.messages[n-1]) {
			b.Fatal(len(out))
		}
	})
	b.ReportMetric(fastest, "µs/msg")
	b.ReportMetric(0, "ns/op")
}

func klauspostAll(b *testing.B, c corpus, bits int) {
	s, _ := both(b, bits, true)
	encoded := corpus{}
	for _, p := range c.messages {
		z := append(encode(b, s, p, 0), "\x00\x00\xff\xff\x01\x00\x00\xff\xff"...)
		encoded.messages = append(encoded.messages, z)
	}
	out, in := make([]byte, 1<<20), bytes.NewReader(nil)
	r := flate.NewReader(in)
	b.ReportAllocs()
	fastest := fastestOf(b, encoded, func(z []byte) {
		in.Reset(z)
		_ = r.(flate.Resetter).Reset(in, nil)
		if n, _ := io.ReadFull(r, out); n < 900 {
			b.Fatal(n)
		}
	})
	b.ReportMetric(fastest, "µs/msg")
	b.ReportMetric(0, "ns/op")
}

// held returns the bytes that a connection keeps after sending 64 messages.
func held(c corpus, w way, bits int) int {
	const n = 16
	keep := make([]func(dst, p []byte) []byte, n)
	var dst []byte
	before := heap()
	for i := range keep {
		keep[i] = w.connect(bits)
		for j := range 64 {
			if len(c.messages) == 16 && j == 8 {
				break
			}
			dst = keep[i](dst[:0], c.messages[(i+j)%len(c.messages)])
		}
	}
	after := heap()
	runtime.KeepAlive(keep)
	return int(after-before) / n / w.connections
}

// BenchmarkBroadcast sends messages of 1 KiB of JSON on 100 connections, encoded for each
// connection or once for all. It reports the time for one connection.
//
//	go test -run '^$' -bench Broadcast -cpu 1
func BenchmarkBroadcast(b *testing.B) {
	c := corpora()[0]
	for _, bits := range []int{9, 12, 15} {
		for _, noTakeover := range []bool{false, true} {
			e := deflate.MustNew(&deflate.Options{WindowBits: bits, NoContextTakeover: noTakeover})
			sessions := make([]wire.Session, 100)
			shared := make([]wire.SharedSession, len(sessions))
			for i := range sessions {
				s, err := e.Confirm(benchAnswer(noTakeover))
				if err != nil {
					b.Fatal(err)
				}
				sessions[i], shared[i] = s, sharer(b, s)
			}
			var z []byte
			own := func(p []byte) {
				for _, s := range sessions {
					z, _ = s.Encode(wire.MessageInfo{Size: int64(len(p))}).Append(z[:0], p, true)
				}
			}
			once := func(p []byte) {
				z, _ = shared[0].AppendShared(z[:0], p)
				for _, s := range shared {
					s.SharedSent(p)
				}
			}
			for i, send := range []func(p []byte){own, once} {
				how := []string{"own", "shared"}[i]
				b.Run(fmt.Sprintf("window=%d/takeover=%v/%s", bits, !noTakeover, how), func(b *testing.B) {
					b.ReportMetric(fastestOf(b, c, send)/float64(len(sessions)), "µs/conn")
					b.ReportMetric(0, "ns/op")
				})
			}
		}
	}
}
