package wire_test

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// checkText compares UTF8 with naiveText on p, cut at the given offsets.
func checkText(t *testing.T, p []byte, cuts ...int) {
	t.Helper()
	var u wire.UTF8
	wantBad, wantComplete := naiveText(p)
	from := 0
	for _, to := range append(cuts, len(p)) {
		n, ok := u.Check(p[from:to])
		if wantOK := wantBad >= to; ok != wantOK || from+n != min(wantBad, to) {
			t.Fatalf("%x cut at %v: Check of the piece at %d: byte %d, %v; the first invalid byte is %d",
				p, cuts, from, from+n, ok, wantBad)
		}
		if !ok {
			for _, more := range []string{"", "a", ""} {
				if n, ok := u.Check([]byte(more)); n != 0 || ok {
					t.Fatalf("%x: Check(%q) succeeds after Check failed", p, more)
				}
			}
			break
		}
		from = to
	}
	if got := u.Complete(); got != wantComplete {
		t.Fatalf("%x: Complete is %v, want %v", p, got, wantComplete)
	}
	u.Reset()
	if n, ok := u.Check([]byte("\u00e9")); n != 2 || !ok || !u.Complete() {
		t.Fatalf("%x: Check fails after Reset", p)
	}
}

// cornerBytes are bytes at which a range in the definition of UTF-8 begins or ends.
var cornerBytes = []byte{
	0x00, 0x61, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1, 0xc2, 0xdf,
	0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff,
}

// UTF8 agrees with naiveText on all sequences of one or two bytes, and on all sequences of
// three or four corner bytes.
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

// UTF8 accepts every rune, whole and in two pieces. On sequences of three bytes that begin
// with E0 or more it agrees with naiveText.
func TestUTF8Runes(t *testing.T) {
	var u wire.UTF8
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for r := rune(0); r <= utf8.MaxRune; r++ {
		if r == 0xd800 {
			r = 0xe000
		}
		s := []byte(string(r))
		if random.IntN(32) == 0 {
			checkPlaced(t, random, s, len(s)+1)
		}
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
	// The fourth byte is covered by TestUTF8Exhaustive.
	for a := 0xe0; a < 0x100; a++ {
		for b := range 256 {
			for c := range 256 {
				p := [3]byte{byte(a), byte(b), byte(c)}
				u.Reset()
				n, ok := u.Check(p[:])
				if want, _ := naiveText(p[:]); n != want || ok != (want == 3) {
					t.Fatalf("%x: invalid at %d, want %d", p, n, want)
				}
				if random.IntN(32) == 0 {
					bad, _ := naiveText(append(p[:], 'x'))
					checkPlaced(t, random, p[:], bad)
				}
			}
		}
	}
}

// fillers has texts of runes of one size.
var fillers = [5]string{
	1: strings.Repeat("x", 204),
	2: strings.Repeat("\u00e9", 102),
	3: strings.Repeat("\u20ac", 68),
	4: strings.Repeat("\U0001f600", 51),
}

// checkPlaced checks a sequence in the middle of a valid text, at any position, and more often
// across a multiple of 32. bad is the index of the first invalid byte of the sequence and an
// ASCII character, or their length.
func checkPlaced(t *testing.T, random *rand.Rand, seq []byte, bad int) {
	t.Helper()
	at := random.IntN(200)
	if random.IntN(2) == 0 {
		at = 32*(1+random.IntN(4)) - random.IntN(len(seq)+1)
	}
	size := 1 + random.IntN(4)
	var space [400]byte
	p := append(space[:0], "xxx"[:at%size]...)
	p = append(p, fillers[size][:at-len(p)]...)
	p = append(p, seq...)
	p = append(p, fillers[1][:1+random.IntN(100)]...)
	want := len(p)
	if bad <= len(seq) {
		want = at + bad
	}
	var u wire.UTF8
	if n, ok := u.Check(p); n != want || ok != (want == len(p)) || u.Complete() != ok {
		t.Fatalf("% x after %d bytes, in %q: Check returns %d, %v, want %d", seq, at, p, n, ok, want)
	}
}

// Check judges a sequence the same at every position of a long text, even if vectors read it.
func TestUTF8Placed(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	check := func(seq ...byte) {
		bad, _ := naiveText(append(seq, 'x'))
		for range 2 {
			checkPlaced(t, random, seq, bad)
		}
	}
	for a := range 256 {
		check(byte(a))
		for b := range 256 {
			check(byte(a), byte(b))
		}
	}
	for _, a := range cornerBytes {
		for _, b := range cornerBytes {
			for _, c := range cornerBytes {
				check(a, b, c)
				if testing.Short() && random.IntN(10) > 0 {
					continue
				}
				for _, d := range cornerBytes {
					check(a, b, c, d)
				}
			}
		}
	}
}

// A long text is checked like a short one. An implementation may divide it.
func TestUTF8Pieces(t *testing.T) {
	const half = 1 << 16
	for _, size := range []int{2*half - 1, 2 * half, 2*half + 1, 3*half - 1, 4*half + 35} {
		for width := 1; width <= 4; width++ {
			for shift := range width {
				char := fillers[width][:width]
				text := []byte(fillers[1][:shift] + strings.Repeat(char, size/width+1))[:size]
				whole := (size-shift)%width == 0
				var u wire.UTF8
				if n, ok := u.Check(text); n != size || !ok || u.Complete() != whole {
					t.Errorf("%d bytes, %q from %d: Check returns %d, %v, and Complete %v", size, char, shift, n, ok, u.Complete())
				}
				for _, at := range []int{half - 1, half, half + 1, 2*half - 2, size - 1} {
					bad := bytes.Clone(text)
					bad[at] = 0xff
					u.Reset()
					n, ok := u.Check(bad)
					again, okAgain := u.Check(text)
					if n != at || ok || again != 0 || okAgain {
						t.Errorf("%d bytes, %q from %d, FF at %d: Check returns %d, %v, then %d, %v",
							size, char, shift, at, n, ok, again, okAgain)
					}
				}
			}
		}
	}
}

// A piece that begins within a rune is judged by the bytes before it.
func TestUTF8BeginsWithinRune(t *testing.T) {
	for _, start := range []string{"\xc3", "\xe0", "\xe2", "\xe2\x82", "\xed", "\xf0", "\xf0\x9f", "\xf0\x9f\x98", "\xf4"} {
		for _, c := range cornerBytes {
			for _, d := range cornerBytes {
				p := []byte(start + string([]byte{c, d}) + fillers[1][:50])
				checkText(t, p, len(start))
			}
		}
	}
}

// Valid text of every kind is accepted however it is cut. With one byte changed, UTF8 agrees
// with naiveText.
func TestUTF8Samples(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	for name, text := range samples(400) {
		t.Run(name, func(t *testing.T) {
			if !utf8.Valid(text) {
				t.Fatal("the sample is not valid UTF-8")
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

// A changed byte in a large text is found, whichever code path reads it.
func TestUTF8Large(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for name, text := range samples(9000) {
		for range 300 {
			p := []byte(string(text))
			at := random.IntN(len(p))
			p[at] = cornerBytes[random.IntN(len(cornerBytes))]
			// Only bytes near the changed one can be invalid.
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
				t.Fatalf("%s, seed %d: byte %d is %#x: invalid at %d, want %d", name, seed, at, p[at], n,
					want)
			}
		}
	}
}

// On random bytes, UTF8 agrees with naiveText.
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
