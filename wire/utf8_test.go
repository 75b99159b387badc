package wire_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

// naiveText returns the index of the first byte of p that no valid text has
// there, or len(p), and whether p is whole. It asks unicode/utf8 of every prefix
// whether it is valid text, or could become so by up to three bytes more.
func naiveText(p []byte) (bad int, complete bool) {
	for i := range p {
		if !extendable(p[:i+1]) {
			return i, false
		}
	}
	return len(p), utf8.Valid(p)
}

// extensions are ends for a rune begun, of which one fits where any does.
var extensions = []string{"", "\x80", "\x80\x80", "\x80\x80\x80", "\xa0\x80", "\x90\x80\x80"}

// extendable reports whether some valid text begins with p, of which all but the
// last byte is known to be such a beginning.
func extendable(p []byte) bool {
	tail := p[max(0, len(p)-8):]
	for len(tail) < len(p) && len(tail) > 5 && !utf8.RuneStart(tail[0]) {
		tail = tail[1:]
	}
	for _, e := range extensions {
		if utf8.Valid([]byte(string(tail) + e)) {
			return true
		}
	}
	return false
}

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

// samples are texts of the kinds that benchmarks use.
func samples(size int) map[string][]byte {
	random := rand.New(rand.NewPCG(1, 2))
	mixed := func() string {
		var b strings.Builder
		for b.Len() < size {
			switch random.IntN(4) {
			case 0:
				b.WriteRune(rune(0x20 + random.IntN(0x5f)))
			case 1:
				b.WriteRune(rune(0x80 + random.IntN(0x780)))
			case 2:
				b.WriteRune(rune(0x800 + random.IntN(0xd000-0x800)))
			case 3:
				b.WriteRune(rune(0x10000 + random.IntN(0x100000)))
			}
		}
		return b.String()
	}
	fill := func(s string) []byte {
		b := []byte(strings.Repeat(s, size/len(s)+1))[:size]
		for !utf8.Valid(b) {
			b = b[:len(b)-1]
		}
		return b
	}
	return map[string][]byte{
		"ascii":       fill("The quick brown fox jumps over the lazy dog. "),
		"mostlyascii": fill("A na\u00efve caf\u00e9 serves cr\u00e8me br\u00fbl\u00e9e for \u20ac5 on its terrace, weather permitting. "),
		"2byte":       fill("\u041f\u0440\u0438\u0432\u0435\u0442\u043c\u0438\u0440"),
		"3byte":       fill("\u4f60\u597d\u4e16\u754c\u3053\u3093\u306b\u3061\u306f"),
		"4byte":       fill("\U0001f600\U0001f680\U0001f30d\U0010ffff"),
		"mixed":       fill(mixed()),
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
