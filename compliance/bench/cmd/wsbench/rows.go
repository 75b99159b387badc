package main

import (
	"math/rand/v2"
	"slices"

	"github.com/hawser-ws/hawser/compliance/bench/internal/load"
	"github.com/hawser-ws/hawser/wire"
)

// A row is a kind of load.
type row struct {
	name    string // of the flag
	title   string
	conns   int
	connect bool                // connections are opened and closed, and exchange nothing
	batches func() []load.Batch // what each connection sends, over and over
	weight  float64             // its share of the time
}

// rows are all rows in the order of the table.
var rows = []row{
	{name: "125b", title: "125 B, 100 connections", conns: 100, batches: binary(125), weight: 1},
	{name: "1k", title: "1 KiB, 1,000 connections", conns: 1000, batches: binary(1 << 10), weight: 1},
	{name: "64k", title: "64 KiB, 100 connections", conns: 100, batches: binary(64 << 10), weight: 1},
	{name: "1m", title: "1 MiB, 1 connection", conns: 1, batches: binary(1 << 20), weight: 1},
	{name: "1m100", title: "1 MiB, 100 connections", conns: 100, batches: binary(1 << 20), weight: 2},
	{name: "pipelined", title: "32 pipelined messages of 64 B", conns: 100, batches: pipelined, weight: 1},
	{name: "text1k", title: "text, 1 KiB", conns: 100, batches: text(1 << 10), weight: 1},
	{name: "text64k", title: "text, 64 KiB", conns: 100, batches: text(64 << 10), weight: 1},
	{name: "frag64", title: "16 fragments of 64 B", conns: 100, batches: fragments(64), weight: 1},
	{name: "frag4k", title: "16 fragments of 4 KiB", conns: 100, batches: fragments(4 << 10), weight: 1},
	{name: "connect", title: "connect, upgrade, close", conns: 16, connect: true, weight: 1},
}

// variants is the number of different messages of a row.
const variants = 4

func random() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

func bytesOf(r *rand.Rand, n int) []byte {
	p := make([]byte, n)
	for i := range p {
		p[i] = byte(r.Uint32())
	}
	return p
}

// build returns batches made by one.
func build(one func(*rand.Rand, *load.Batch)) func() []load.Batch {
	return func() []load.Batch {
		all, r := make([]load.Batch, variants), random()
		for i := range all {
			one(r, &all[i])
		}
		return all
	}
}

func binary(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) { b.Add(wire.OpBinary, bytesOf(r, n)) })
}

func text(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) { b.Add(wire.OpText, mixed(r, n)) })
}

func fragments(n int) func() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) {
		b.Add(wire.OpBinary, slices.Collect(slices.Chunk(bytesOf(r, 16*n), n))...)
	})
}

func pipelined() []load.Batch {
	return build(func(r *rand.Rand, b *load.Batch) {
		for range 32 {
			b.Add(wire.OpBinary, bytesOf(r, 64))
		}
	})()
}

// mixed returns n bytes of text in which the length of the next character cannot be predicted.
func mixed(r *rand.Rand, n int) []byte {
	scripts := [][2]rune{
		{' ', '~'}, {'α', 'ω'}, {'а', 'я'}, {'א', 'ת'}, {'ぁ', 'ん'}, {'一', '龥'}, {'가', '힣'}, {'😀', '🙏'},
	}
	var b []byte
	for len(b) < n-4 {
		s := scripts[r.IntN(len(scripts))]
		b = append(b, string(s[0]+rune(r.IntN(int(s[1]-s[0]+1))))...)
	}
	for len(b) < n {
		b = append(b, '.')
	}
	return b
}
