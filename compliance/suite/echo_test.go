package suite

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// Our compressor keeps to the negotiated windows and context takeover, and uses most of each window:
// the strict inflater, which is another implementation, inflates messages of every size.
func TestCompressWindows(t *testing.T) {
	farther := map[int]int{} // the largest distance, by bits
	large, step := 128<<10, 1
	if raceEnabled {
		large, step = 10_000, 7
	}
	for bits := 8; bits <= 15; bits += step {
		for _, noContext := range []bool{false, true} {
			d := deflateParams{ClientBits: bits, ClientNoContext: noContext}
			ours, strict := newDeflater(d, false), newInflater(d, false)
			check := func(b *body, sizes ...int) {
				at := 0
				for _, size := range sizes {
					var m []byte
					m, at = b.piece(at, size)
					got, err := strict.message(ours.compress(m), maxReceived)
					if err != nil || !bytes.Equal(got, m) {
						t.Fatalf("%+v, %s, %d: %v", d, b.name, size, err)
					}
				}
			}
			for _, b := range bodies {
				check(b, 16, 1024, 4096, large/3, large, 16, 16)
			}
			farther[bits] = max(farther[bits], strict.farthest)
			// all messages of one size, which is known
			for _, size := range []int{16, 64, 256, 257, 1024, 4096, large / 4} {
				for _, b := range bodies {
					ours, strict = newDeflater(d, false), newInflater(d, false)
					ours.most = b.maxBytes(size)
					check(b, size, size, size)
				}
			}
		}
	}
	for bits, d := range farther {
		if d <= 1<<bits/2 {
			t.Errorf("with a window of %d bits, no distance exceeds %d", bits, d)
		}
	}
}

// inflate inflates what compress has compressed, in both roles, with and without context takeover. It also
// inflates a final block that is not the last block.
func TestInflate(t *testing.T) {
	for _, d := range []deflateParams{{}, {ServerNoContext: true}, {ClientNoContext: true, ClientBits: 9},
		{ServerBits: 8, ClientBits: 12}} {
		client, server := newDeflater(d, false), newDeflater(d, true)
		for i, m := range []string{"once upon a time", "once upon a time there was", "",
			"there was once upon"} {
			for _, way := range [][2]*deflater{{client, server}, {server, client}} {
				got, err := way[1].inflate(way[0].compress([]byte(m)))
				if err != nil || string(got) != m {
					t.Errorf("%+v, message %d: %q, %v", d, i, got, err)
				}
			}
		}
	}
	f := newDeflater(deflateParams{}, false)
	stored := func(final byte, s string) string {
		return string([]byte{final, byte(len(s)), 0, ^byte(len(s)), 0xff}) + s
	}
	for _, c := range []struct{ z, want string }{
		{stored(1, "one ") + stored(1, "two ") + stored(0, "three") + "\x00", "one two three"},
		{stored(1, "final") + "\x00", "final"},
		{stored(1, "final"), "final"}, // without the last byte, which many peers omit
	} {
		got, err := f.inflate([]byte(c.z))
		if err != nil || string(got) != c.want {
			t.Errorf("%q: %q, %v", c.z, got, err)
		}
	}
	if _, err := f.inflate([]byte("\x07")); err == nil || f.err == nil {
		t.Error("a block of the reserved type is accepted")
	}
}

// A distance beyond the window is refused, with an error that has the distance. A distance as large as
// the window is accepted.
func TestInflateWindow(t *testing.T) {
	m := make([]byte, 300)
	rand.NewChaCha8([32]byte{}).Read(m)
	for _, c := range []struct{ bits, between int }{{9, 212}, {10, 724}, {12, 3796}} {
		for _, more := range []int{0, 1} {
			theirs, ours := newDeflater(deflateParams{}, true),
				newDeflater(deflateParams{ServerBits: c.bits}, false)
			var err error
			for _, m := range [][]byte{m, bytes.Repeat([]byte{'.'}, c.between+more), m} {
				if err != nil {
					t.Fatal(err)
				}
				_, err = ours.inflate(theirs.compress(m))
			}
			if far := more > 0; far != (err != nil) || far && !strings.Contains(err.Error(), "window of") {
				t.Errorf("%d bits, a distance of %d: %v", c.bits, c.between+more+len(m), err)
			}
		}
	}
}

// The messages of a case follow each other in the data, and begin again at its end. Sizes of text are
// in characters.
func TestPieces(t *testing.T) {
	for _, b := range bodies {
		o := b.load()
		data := o.data[:o.count]
		if o.start != nil {
			data = o.data[:o.start[o.count]]
		}
		for _, size := range []int{16, 8192, largestPiece} {
			at, got := 0, []byte(nil)
			for len(got) < 2*len(data) {
				var m []byte
				m, at = b.piece(at, size)
				if n := len(m); b.binary && n != size || !b.binary && utf8.RuneCount(m) != size {
					t.Fatalf("%s: a message of %d bytes, not %d", b.name, n, size)
				}
				got = append(got, m...)
			}
			if !bytes.Equal(got[:2*len(data)], append(bytes.Clone(data), data...)) {
				t.Errorf("%s in messages of %d differs from its data", b.name, size)
			}
		}
	}
}

// A track follows a tape only while all messages are equal.
func TestTrack(t *testing.T) {
	all := &tapes{}
	key := tapeKey{size: 3, in: true}
	z := [][]byte{[]byte("a"), nil, {}, []byte("d")}
	r := newTrack(all, key, len(z))
	for i, m := range z {
		if r.follows(i, m) {
			t.Error("it follows a tape that does not exist")
		}
		if m != nil {
			r.record(i, m)
		}
	}
	r.done()
	for _, c := range []struct {
		z    [][]byte
		want []bool // for the compressed messages
	}{
		{z, []bool{true, true, true}},
		{[][]byte{z[0], []byte("b"), z[2], z[3]}, []bool{true, false, false, false}},
		{[][]byte{nil, nil, z[2], z[3]}, []bool{false, false}}, // the context lacks the first message
		{[][]byte{z[0], nil, nil, z[3]}, []bool{true, false}},
		{[][]byte{z[0], nil, z[2], []byte("D")}, []bool{true, true, false}},
	} {
		r, got := newTrack(all, key, len(c.z)), []bool(nil)
		for i, m := range c.z {
			if m != nil {
				got = append(got, r.follows(i, m))
			}
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%q: messages that are followed (-want +got)\n%s", c.z, diff)
		}
	}
}

// The size of all tapes is limited, and the least recently used one is dropped first.
func TestTapesAreBounded(t *testing.T) {
	all := &tapes{}
	for i := range 20 {
		all.put(&tape{key: tapeKey{size: i}, size: maxTapes / 8})
		if all.get(tapeKey{size: 0}) == nil {
			t.Fatal("a tape in use was dropped")
		}
	}
	if len(all.all) != 8 || all.size != maxTapes || all.get(tapeKey{size: 19}) == nil ||
		all.get(tapeKey{size: 5}) != nil {
		t.Errorf("%d tapes of %d bytes", len(all.all), all.size)
	}
	r := newTrack(all, tapeKey{size: 99, in: true}, 1000)
	noise := make([]byte, 2*maxInTape/1000)
	rand.NewChaCha8([32]byte{}).Read(noise)
	for i := range 20 {
		r.record(i, noise)
	}
	if r.made != nil {
		t.Error("a tape that will be too large is still recorded")
	}
	var none *tapes
	r = newTrack(none, tapeKey{}, 1)
	r.record(0, noise)
	r.done()
	if r.follows(0, noise) {
		t.Error("it follows a tape without tapes")
	}
}
