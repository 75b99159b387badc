package fuzz

import (
	"bytes"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/fuzz/internal/guard"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/wire"
)

// grow repeats data up to n bytes, so that short inputs reach the loops for long ones.
func grow(data []byte, n int) []byte {
	if len(data) == 0 {
		data = []byte{0}
	}
	for len(data) < n {
		data = append(data, data...)
	}
	return data[:n:n]
}

// maxMasked is the length of the longest slice that FuzzMask masks.
const maxMasked = 1 << 13

// FuzzMask compares Mask with a one-line loop, at every alignment of the slice in memory and
// starting at every byte of the key. The slice is masked whole, in the pieces of the input,
// and twice. The bytes around it must not change. It is also masked at both ends of memory
// beyond which nothing may be read or written.
func FuzzMask(f *testing.F) {
	for n := range uint16(1100) {
		f.Add([]byte("payload\xff\x00"), uint32(0x37fa213d), int64(n), n, []byte{byte(n), 3, 64})
	}
	for size := uint16(2048); size <= maxMasked; size *= 2 {
		for n := size - 1; n <= size+1; n++ {
			f.Add([]byte("payload\xff\x00"), uint32(0x37fa213d), int64(n), n, []byte{byte(n), 3, 64})
		}
	}
	for _, key := range []uint32{0, 1, 1 << 8, 1 << 16, 1 << 24, 0xffff, 0xffff << 16} {
		f.Add([]byte{0}, key, int64(1<<63-1-70), uint16(70), []byte{1})
	}
	memory := guard.New(maxMasked + 2)
	f.Fuzz(func(t *testing.T, data []byte, k uint32, offset int64, n uint16, chops []byte) {
		defer guard.Panic()()
		data = grow(bytes.Clone(data), int(n)%(maxMasked+2))
		key := [4]byte{byte(k >> 24), byte(k >> 16), byte(k >> 8), byte(k)}
		first := max(0, min(offset&(1<<63-1), 1<<63-4-int64(len(data))))
		want := bytes.Clone(data)
		model.Mask(want, key, first)
		for _, place := range []func([]byte) []byte{memory.First, memory.Last} {
			b := place(data)
			wire.Mask(b, key, first)
			if !bytes.Equal(b, want) {
				t.Fatalf("%d bytes between pages, key % x, offset %d: % x, want % x", len(b), key, first, b, want)
			}
		}
		const around = 32
		whole := bytes.Repeat([]byte{0xa5}, len(data)+2*around)
		for align := range around {
			offset := first + int64(align)/8
			want := bytes.Clone(data)
			model.Mask(want, key, offset)
			b := whole[align : align+len(data)]
			copy(b, data)
			wire.Mask(b, key, offset)
			if !bytes.Equal(b, want) {
				t.Fatalf("align %d, %d bytes, key % x, offset %d: % x, want % x",
					align, len(b), key, offset, b, want)
			}
			if align == int(k%around) {
				wire.Mask(b, key, offset)
				if !bytes.Equal(b, data) {
					t.Fatalf("masked twice: % x, want % x", b, data)
				}
				at := offset
				for _, size := range reading.Chop(len(b), chops) {
					piece := b[at-offset:][:size]
					wire.Mask(piece, key, at)
					at += int64(size)
				}
				if !bytes.Equal(b, want) {
					t.Fatalf("align %d, %d bytes in %v, key % x, offset %d: % x, want % x",
						align, len(b), reading.Chop(len(b), chops), key, offset, b, want)
				}
			}
			for i := range b {
				b[i] = 0xa5
			}
			for i, c := range whole {
				if c != 0xa5 {
					t.Fatalf("align %d, %d bytes: byte %d outside them was changed to %#x",
						align, len(data), i-align, c)
				}
			}
		}
	})
}

// firstInvalid returns the offset of the first byte with which p can no longer be the
// beginning of valid UTF-8, or len(p). It uses only unicode/utf8.
func firstInvalid(p []byte) int {
	at := 0
	for at < len(p) {
		r, size := utf8.DecodeRune(p[at:])
		if r == utf8.RuneError && size <= 1 {
			// The invalid byte ends the shortest prefix that, by FullRune, "begins with a
			// full encoding of a rune". Without such a prefix the rune is only incomplete.
			for n := 1; at+n <= len(p); n++ {
				if utf8.FullRune(p[at : at+n]) {
					return at + n - 1
				}
			}
			return len(p)
		}
		at += size
	}
	return at
}

// FuzzUTF8 compares the validator with unicode/utf8 and the model. Before the text is a run
// of ASCII, or the text itself repeated, and after it another run of ASCII. The validator
// gets all of it in one piece, in the pieces of the input and byte by byte, each at either end of
// memory beyond which nothing may be read.
func FuzzUTF8(f *testing.F) {
	for _, s := range []string{
		"", "ascii", "caf\u00e9 \u20ac \U0001f600", "\xc0\x80", "\xc1\x80", "\xe0\x9f\xbf", "\xed\xa0\x80",
		"\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80",
		"\xf4\x8f\xbf\xbf", "\xef\xbf\xbd", "\xe2\x82", "\xf0\x9f\x98", "\x80", "\xff", "\xc3(",
		"\u07ff\u0800\uffff\U00010000", "\xf5\x80\x80\x80",
	} {
		f.Add([]byte(s), uint16(0), uint8(0), []byte{1, 2})
		f.Add([]byte(s), uint16(70), uint8(100), []byte{64, 1})
		f.Add([]byte(s), uint16(1<<15|33), uint8(20), []byte{16})
	}
	for at := range uint16(96) { // one bad byte, and one incomplete character, anywhere in a block
		f.Add([]byte{0xff}, at, uint8(100), []byte{200})
		f.Add([]byte{0xe2}, at, uint8(40), []byte{byte(at), 1, 200})
	}
	for n := range uint16(300) { // ASCII of any size, and pieces that begin within a character
		f.Add([]byte("a"), n, uint8(0), []byte{255, 1})
		f.Add([]byte("\U0001f600"), uint16(1<<15|228), uint8(n), []byte{byte(n%3 + 1), byte(n/3 + 1)})
	}
	memory := guard.New(1 << 10)
	f.Fuzz(func(t *testing.T, data []byte, before uint16, after uint8, chops []byte) {
		defer guard.Panic()()
		data = data[:min(len(data), 1<<9)]
		filler := []byte("ascii ")
		if before>>15 != 0 && utf8.Valid(data) {
			filler = data
		}
		text := append(grow(bytes.Clone(filler), int(before%300)), data...)
		text = append(text, grow([]byte("and more "), int(after))...)
		bad, whole := firstInvalid(text), utf8.Valid(text)
		if good, ok := model.Text(text); good != bad || ok != whole {
			t.Fatalf("% x: the model has %d, %v, unicode/utf8 %d, %v", text, good, ok, bad, whole)
		}
		for _, chops := range [][]byte{nil, chops, {1}} {
			checkText(t, memory, text, reading.Chop(len(text), chops), bad, whole)
		}
	})
}

// checkText validates text in pieces.
func checkText(t *testing.T, memory *guard.Memory, text []byte, sizes []int, bad int, whole bool) {
	var u wire.UTF8
	at := 0
	for _, size := range sizes {
		piece := text[at : at+size]
		wantN := min(size, max(0, bad-at))
		wantOK := at+size <= bad
		var ends [2]wire.UTF8
		for i, place := range []func([]byte) []byte{memory.First, memory.Last} {
			ends[i] = u
			b := place(piece)
			if n, ok := ends[i].Check(b); ok != wantOK || n != wantN {
				t.Fatalf("% x in %v: at %d Check is %d, %v, want %d, %v", text, sizes, at, n, ok, wantN, wantOK)
			}
			if !bytes.Equal(b, piece) {
				t.Fatalf("Check changed % x in %v to % x", piece, sizes, b)
			}
		}
		if ends[0] != ends[1] {
			t.Fatalf("% x in %v: after %d bytes the states differ", text, sizes, at+size)
		}
		u = ends[0]
		at += size
	}
	if got := u.Complete(); got != whole {
		t.Fatalf("% x in %v: Complete is %v, want %v", text, sizes, got, whole)
	}
	if bad < len(text) {
		if n, ok := u.Check(nil); n != 0 || ok {
			t.Fatalf("% x: Check after the bad byte is %d, %v", text, n, ok)
		}
	}
	u.Reset()
	if n, ok := u.Check([]byte("a")); n != 1 || !ok || !u.Complete() {
		t.Fatalf("after Reset: %d, %v, %v", n, ok, u.Complete())
	}
}
