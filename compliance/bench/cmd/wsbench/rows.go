package main

import (
	"math/rand/v2"
	"slices"
	"strings"
	"sync"

	"github.com/hawser-ws/hawser/compliance/bench/internal/echo"
	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/compliance/internal/measure"
	"github.com/hawser-ws/hawser/wire"
)

// A row is a kind of load.
type row struct {
	name    string // for the flag
	title   string
	needs   echo.Can // what a server must be able to do
	options echo.Options
	base    string  // the server whose ratio is 1, if it is not the first one
	weight  float64 // the length of a burst, compared with those of other rows
	memory  bool    // the memory of connections is measured, not the time
	conns   int

	// open opens connections to a server.
	open func(addr string, n int) (*load.Load, error)

	// collect says that memory is also measured after the server has collected garbage.
	collect bool

	// exchanges is the number of batches that each connection exchanges before its memory is measured.
	exchanges int
}

var (
	bare       = echo.Options{Bare: true}
	noTakeover = echo.Options{Deflate: true}
	takeover   = echo.Options{Deflate: true, Takeover: true}
)

// rows are all rows in the order of the table.
func rows() []row {
	json := measure.JSONMessages(64, 1024)
	return []row{
		exchange("125b", "125 B, 100 connections", 100, binary(125)),
		exchange("1k", "1 KiB, 1,000 connections", 1000, binary(1<<10)),
		exchange("64k", "64 KiB, 100 connections", 100, binary(64<<10)),
		exchange("1m", "1 MiB, 1 connection", 1, binary(1<<20)),
		large(exchange("1m100", "1 MiB, 100 connections", 100, binary(1<<20))),
		exchange("pipelined", "32 pipelined messages of 64 B", 100, pipelined),
		exchange("text1k", "text, 1 KiB", 100, text(1<<10)),
		exchange("text64k", "text, 64 KiB", 100, text(64<<10)),
		fragmented("frag64", "16 fragments of 64 B", 64),
		fragmented("frag4k", "16 fragments of 4 KiB", 4<<10),
		{name: "connect", title: "connect, upgrade, close; net/http", needs: echo.HTTP, base: "hijack",
			weight: 1, conns: 16, open: load.Visit},
		{name: "bare", title: "connect, upgrade, close; net.Conn", needs: echo.Bare, options: bare,
			weight: 1, conns: 16, open: load.Visit},
		{name: "deflate", title: "1 KiB of JSON, compressed", needs: echo.Deflate, options: noTakeover,
			base: "klauspost", weight: 1, conns: 100, open: compressed(load.NoTakeover, json)},
		{name: "takeover", title: "1 KiB of JSON, with context takeover", needs: echo.Takeover,
			options: takeover, base: "coder", weight: 1, conns: 100, open: compressed(load.Takeover, json)},
		{name: "deflatemem", title: "after 4 compressed messages of 1 KiB", needs: echo.Deflate,
			options: noTakeover, memory: true, conns: 2000, exchanges: 4,
			open: compressed(load.NoTakeover, json)},
		{name: "takeovermem", title: "the same with context takeover", needs: echo.Takeover,
			options: takeover, memory: true, conns: 2000, exchanges: 4,
			open: compressed(load.Takeover, json)},
		{name: "idle", title: "idle, 10,000 connections", needs: echo.Echo,
			memory: true, collect: true, conns: 10000, open: exchanging(nothing)},
	}
}

// exchange returns a row whose connections exchange batches, which are made when they are needed.
func exchange(name, title string, conns int, batches func() []load.Batch) row {
	return row{name: name, title: title, needs: echo.Echo, weight: 1, conns: conns, open: exchanging(batches)}
}

// large returns a row of bursts that take longer, because each connection has a large message under way.
func large(r row) row {
	r.weight = 2
	return r
}

func fragmented(name, title string, size int) row {
	r := exchange(name, title, 100, fragments(size))
	r.needs = echo.Fragments
	return r
}

func exchanging(batches func() []load.Batch) func(string, int) (*load.Load, error) {
	batches = sync.OnceValue(batches)
	return func(addr string, n int) (*load.Load, error) { return load.Dial(addr, n, batches()) }
}

// nothing is for connections that are idle.
func nothing() []load.Batch { return nil }

func compressed(c load.Compression, messages [][]byte) func(string, int) (*load.Load, error) {
	return func(addr string, n int) (*load.Load, error) { return load.DialDeflate(addr, n, c, messages) }
}

// variants is the number of different messages of a row.
const variants = 4

// build returns a function that makes batches with one. They are always the same.
func build(one func(*rand.Rand, *load.Batch)) func() []load.Batch {
	return func() []load.Batch {
		all, r := make([]load.Batch, variants), rand.New(rand.NewPCG(1, 2))
		for i := range all {
			one(r, &all[i])
		}
		return all
	}
}

func randomBytes(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

func binary(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) { b.Add(wire.OpBinary, randomBytes(r, n)) })
}

func text(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) { b.Add(wire.OpText, mixed(r, n)) })
}

func fragments(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) {
		b.Add(wire.OpBinary, slices.Collect(slices.Chunk(randomBytes(r, 16*n), n))...)
	})
}

func pipelined() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) {
		for range 32 {
			b.Add(wire.OpBinary, randomBytes(r, 64))
		}
	})()
}

// mixed returns n bytes of text in many scripts. The size of the next character cannot be predicted.
func mixed(r *rand.Rand, n int) []byte {
	scripts := [][2]rune{
		{' ', '~'}, {'α', 'ω'}, {'а', 'я'}, {'א', 'ת'}, {'ぁ', 'ん'}, {'一', '龥'}, {'가', '힣'}, {'😀', '🙏'},
	}
	var b []byte
	for len(b) < n-4 {
		s := scripts[r.IntN(len(scripts))]
		b = append(b, string(s[0]+rune(r.IntN(int(s[1]-s[0]+1))))...)
	}
	return append(b, strings.Repeat(".", n-len(b))...)
}
