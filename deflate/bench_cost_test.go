package deflate_test

import (
	"bytes"
	"compress/flate"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// largest returns a session with windows of 32 KiB.
func largest(tb testing.TB, takeover bool) wire.Session {
	field := "permessage-deflate"
	if !takeover {
		field += "; server_no_context_takeover; client_no_context_takeover"
	}
	_, s := accept(tb, deflate.MustNew(&deflate.Options{WindowBits: 15, Threshold: -1}), field)
	return s
}

// alphabet has 62 bytes, all different.
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

// fastest returns the time of the fastest of n calls of f, which other work on the machine
// disturbs least.
func fastest(n int, f func()) time.Duration {
	best := time.Hour
	for range n {
		start := time.Now()
		f()
		best = min(best, time.Since(start))
	}
	return best
}

// BenchmarkMatches inflates messages of 1 MiB that repeat at a distance, and compares the
// time with that of compress/flate.
//
//	go test -run '^$' -bench Matches -cpu 1
func BenchmarkMatches(b *testing.B) {
	for _, distance := range []int{1, 2, 3, 4, 5, 6, 7, 8, 16, 100} {
		b.Run(fmt.Sprintf("distance=%d", distance), func(b *testing.B) {
			unit := bytes.Repeat([]byte(alphabet), 2)[:distance]
			message := bytes.Repeat(unit, 1<<20/distance)
			var z bytes.Buffer
			w, _ := flate.NewWriter(&z, 6)
			w.Write(message)
			w.Flush()
			s := largest(b, true)
			out := make([]byte, 0, 2<<20)
			ours := func() {
				dec, _ := s.Decode(wire.RSV1)
				out, _, _, _ = dec.Append(out[:0], z.Bytes()[:z.Len()-4], true, 2<<20)
				dec.Release()
			}
			in := bytes.NewReader(nil)
			r := flate.NewReader(in)
			theirs := func() {
				in.Reset(z.Bytes())
				r.(flate.Resetter).Reset(in, nil)
				out = out[:cap(out)]
				n, _ := io.ReadFull(r, out)
				out = out[:n]
			}
			for _, inflate := range []func(){ours, theirs} {
				if inflate(); !bytes.Equal(out, message) {
					b.Fatal(len(out), len(message))
				}
			}
			var a, c time.Duration
			for b.Loop() {
				a, c = fastest(20, ours), fastest(20, theirs)
			}
			b.ReportMetric(float64(a.Nanoseconds())/float64(len(message)), "ns/byte")
			b.ReportMetric(float64(a)/float64(c), "x-std")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkPieces sends and receives messages of 1 MiB in small pieces with context takeover,
// and compares the time with that without.
//
//	go test -run '^$' -bench Pieces -cpu 1
func BenchmarkPieces(b *testing.B) {
	message := bytes.Repeat([]byte(alphabet+"+-"), 1<<20/64)
	sent := func(s wire.Session, piece int) {
		enc := s.Encode(wire.MessageInfo{Size: -1})
		var z []byte
		for p := message; len(p) > 0; p = p[piece:] {
			z, _ = enc.Append(z[:0], p[:piece], len(p) == piece)
		}
	}
	var w sink
	d, _ := flate.NewWriter(&w, flate.HuffmanOnly)
	d.Write(message)
	d.Flush()
	out := make([]byte, 0, 2<<20)
	received := func(s wire.Session, piece int) {
		dec, _ := s.Decode(wire.RSV1)
		out = out[:0]
		for z := w.b[:len(w.b)-4]; len(z) > 0; {
			n := min(piece, len(z))
			out, _, _, _ = dec.Append(out, z[:n], n == len(z), 2<<20)
			z = z[n:]
		}
		dec.Release()
		if len(out) != len(message) {
			b.Fatal(len(out))
		}
	}
	for _, way := range []struct {
		name string
		once func(s wire.Session, piece int)
	}{{"sent", sent}, {"received", received}} {
		for _, piece := range []int{1, 16, 256} {
			b.Run(fmt.Sprintf("%s/piece=%d", way.name, piece), func(b *testing.B) {
				with, without := largest(b, true), largest(b, false)
				way.once(with, piece)
				var a, c time.Duration
				for b.Loop() {
					a = fastest(5, func() { way.once(with, piece) })
					c = fastest(5, func() { way.once(without, piece) })
				}
				b.ReportMetric(float64(a.Microseconds())/1000, "ms/MiB")
				b.ReportMetric(float64(a)/float64(c), "x-no-takeover")
				b.ReportMetric(0, "ns/op")
			})
		}
	}
}
