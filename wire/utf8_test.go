package wire_test

import (
	"math/rand/v2"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// checkText compares UTF8 with the naive twin on p, in the pieces that cuts make.
func checkText(t *testing.T, p []byte, cuts ...int) {
	t.Helper()
	var u wire.UTF8
	wantBad, wantComplete := naiveText(p)
	from := 0
	for _, to := range append(cuts, len(p)) {
		n, ok := u.Check(p[from:to])
		if wantOK := wantBad >= to; ok != wantOK || from+n != min(wantBad, to) {
			t.Fatalf("%x cut at %v: bad at %d, %v in the piece from %d, want %d", p, cuts, from+n, ok, from, wantBad)
		}
		if !ok {
			if n, ok := u.Check([]byte("a")); n != 0 || ok {
				t.Fatalf("%x: valid again after its fault", p)
			}
			if n, ok := u.Check(nil); n != 0 || ok {
				t.Fatalf("%x: nothing is valid after a fault", p)
			}
			break
		}
		from = to
	}
	if got := u.Complete(); got != wantComplete {
		t.Fatalf("%x: complete %v, want %v", p, got, wantComplete)
	}
	u.Reset()
	if n, ok := u.Check([]byte("\u00e9")); n != 2 || !ok || !u.Complete() {
		t.Fatalf("%x: not fresh after Reset", p)
	}
}

// cornerBytes are the bytes at which a class of UTF-8 begins or ends.
var cornerBytes = []byte{
	0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
	0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
}

// All sequences of one and two bytes, and all of three and four corner bytes.
func TestUTF8Exhaustive(t *testing.T) {
	for a := range 256 {
		checkText(t, []byte{byte(a)})
		for b := range 256 {
			checkText(t, []byte{byte(a), byte(b)}, 1)
		}
	}
	for _, a := range cornerBytes {
		for _, b := range cornerBytes {
			for _, c := range cornerBytes {
				checkText(t, []byte{a, b, c}, 1, 2)
				for _, d := range cornerBytes {
					checkText(t, []byte{a, b, c, d})
				}
			}
		}
	}
}

// Every rune is valid, whole and in two pieces, and so is nothing else of up to
// four bytes that begins with a byte of more than one.
func TestUTF8Runes(t *testing.T) {
	var u wire.UTF8
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r == 0xd800 {
			r = 0xe000
		}
		s := []byte(string(r))
		for cut := range s {
			n, ok := u.Check(s[:cut])
			m, ok2 := u.Check(s[cut:])
			if n+m != len(s) || !ok || !ok2 || !u.Complete() {
				t.Fatalf("%U cut at %d is refused", r, cut)
			}
		}
	}
	if testing.Short() {
		return
	}
	// Three bytes and more: all first three bytes, whatever follows them is
	// covered by the corners above.
	for a := 0xe0; a < 0x100; a++ {
		for b := range 256 {
			for c := range 256 {
				p := [3]byte{byte(a), byte(b), byte(c)}
				u.Reset()
				n, ok := u.Check(p[:])
				if want, _ := naiveText(p[:]); n != want || ok != (want == 3) {
					t.Fatalf("%x: bad at %d, want %d", p, n, want)
				}
			}
		}
	}
}

// Good text of every kind passes in any chops; with one byte spoilt anywhere it
// fails where the naive twin says.
func TestUTF8Samples(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for name, text := range samples(400) {
		t.Run(name, func(t *testing.T) {
			if !utf8.Valid(text) {
				t.Fatal("the sample is not valid")
			}
			checkText(t, text)
			for i := range text {
				checkText(t, text[i:])
				checkText(t, text, i)
				p := []byte(string(text))
				p[i] = cornerBytes[random.IntN(len(cornerBytes))]
				checkText(t, p)
				checkText(t, p, random.IntN(len(p)))
			}
			for range 200 {
				var cuts []int
				for at := 0; at <= len(text); at += random.IntN(1 + random.IntN(80)) {
					cuts = append(cuts, at)
				}
				checkText(t, text, cuts...)
			}
		})
	}
}

// A spoilt byte in a large text is found, wherever the kernel cuts the text.
func TestUTF8Large(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for name, text := range samples(9000) {
		for range 300 {
			p := []byte(string(text))
			at := random.IntN(len(p))
			p[at] = cornerBytes[random.IntN(len(cornerBytes))]
			// Only the bytes near the one that changed can be at fault.
			want := len(p)
			start := at
			for start > 0 && !utf8.RuneStart(text[start]) {
				start--
			}
			if bad, _ := naiveText(p[start:min(len(p), at+8)]); start+bad < min(len(p), at+8) {
				want = start + bad
			}
			var u wire.UTF8
			n, ok := u.Check(p)
			if n != want || ok != (want == len(p)) || u.Complete() != utf8.Valid(p) {
				t.Fatalf("%s, seed %d: byte %d is %#x: bad at %d, want %d", name, seed, at, p[at], n, want)
			}
		}
	}
}

// Rubbish fails where the naive twin says.
func TestUTF8Rubbish(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for range 100_000 {
		p := make([]byte, random.IntN(40))
		for i := range p {
			p[i] = cornerBytes[random.IntN(len(cornerBytes))]
			if random.IntN(3) > 0 {
				p[i] = "a\xc3\x80\xe2\x82\xac\xf0\x9f"[random.IntN(8)]
			}
		}
		checkText(t, p)
		checkText(t, p, len(p)/3, len(p)/2)
	}
}
