package suite

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/flate"

	"github.com/hawser-ws/hawser/wire"
)

// inflateOne inflates a message in an empty window of 15 bits.
func inflateOne(payload []byte) ([]byte, *inflateError) {
	return (&inflater{bits: 15}).message(payload, 1<<20)
}

// Data that a compressor has compressed, at any level, inflates to the same data, with context takeover.
func TestInflater(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	noise := make([]byte, 70000)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	for level := flate.HuffmanOnly; level <= flate.BestCompression; level++ {
		var z bytes.Buffer
		w, err := flate.NewWriter(&z, level)
		if err != nil {
			t.Fatal(err)
		}
		f := &inflater{bits: 15, keep: true}
		for i, data := range [][]byte{nil, []byte("x"), faraway(100000, 1), noise,
			bytes.Repeat([]byte("ab"), 50000), faraway(100000, 1), nil} {
			z.Reset()
			_, _ = w.Write(data)
			_ = w.Flush()
			got, bad := f.message(bytes.TrimSuffix(z.Bytes(), []byte(tail)), 1<<20)
			if bad != nil || !bytes.Equal(got, data) {
				t.Fatalf("level %d, message %d: %d bytes, %+v", level, i, len(got), bad)
			}
		}
	}
}

// The strict inflater accepts the windows of the suite's compressor.
func TestInflaterWindows(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		f := newDeflater(deflateParams{ClientBits: bits}, false)
		strict := newInflater(deflateParams{ClientBits: bits}, false)
		for seed := range uint64(3) {
			data := faraway(80<<10, seed)
			got, bad := strict.message(f.compress(data), 1<<20)
			if bad != nil || !bytes.Equal(got, data) {
				t.Fatalf("%d bits: %+v", bits, bad)
			}
		}
		if bits > 8 && strict.farthest < 1<<(bits-1) {
			t.Errorf("%d bits: the largest distance is only %d", bits, strict.farthest)
		}
	}
}

func TestInflaterRefuses(t *testing.T) {
	fresh := func() *crafter { return &crafter{} }
	text := string(faraway(1<<15, 1))
	for _, c := range []struct {
		name    string
		bits    int
		payload []byte
		at      int
		want    string
	}{
		{"reserved block", 15, []byte{0x06}, 0, "reserved type"},
		{"stored lengths", 15, []byte("\x00\x05\x00\x00\x00Hello\x00"), 4, "two lengths"},
		{"too far", 15, fresh().begin(0).text("Hello").match(3, 6).end().message(), 6, "only 5 bytes"},
		{"beyond the window", 9, fresh().begin(0).text(text[:600]).match(3, 513).end().message(), 0,
			"window of 512"},
		{"length code", 15, fresh().begin(0).symbol(286).message(), 1, "length with reserved"},
		{"distance code", 15, fresh().begin(0).text("Hello").symbol(257).bits(15, 5).message(), 6,
			"distance with reserved"},
		{"cut", 15, fresh().begin(0).text("Hello").out, 4, "ends within a block"},
		{"no bytes", 15, nil, 0, "ends within a block"},
		{"kept tail", 15, append(fresh().begin(0).text("Hello").end().message(), tail...), 0,
			"ends within a block"},
		{"codes", 15, []byte{0x04, 0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, 0,
			"invalid code lengths"},
		{"code with gaps", 15, []byte("\xec\xc0\x81\x00\x00\x00\x00\x80\xa0\xfd\xa9\x17\xe9\x00\x00\x0d"), 0,
			"invalid code lengths"},
		{"too many codes", 15, []byte{0xf4, 0, 0, 0, 0}, 0, "more codes"},
		{"too large", 15, bomb(5000), 0, "more than 1048576"},
	} {
		_, bad := (&inflater{bits: c.bits}).message(c.payload, 1<<20)
		if bad == nil || !strings.Contains(bad.what, c.want) || c.at > 0 && bad.at != c.at || bad.at < 0 ||
			bad.at > max(0, len(c.payload)-1) {
			t.Errorf("%s: %+v", c.name, bad)
		}
	}
	whole := fresh().begin(0).text(text[:600]).match(5, 512).end().message()
	if got, bad := (&inflater{bits: 9}).message(whole, 1<<20); bad != nil ||
		string(got) != text[:600]+text[88:93] {
		t.Errorf("a distance as large as the window: %q, %+v", got, bad)
	}
	f := &inflater{bits: 15}
	for _, keep := range []bool{true, false} {
		f.keep = keep
		_, _ = f.message(fresh().begin(0).text("Hello").end().message(), 100)
		if _, bad := f.message(fresh().begin(0).match(5, 5).end().message(), 100); (bad == nil) != keep {
			t.Errorf("context takeover %v: %+v", keep, bad)
		}
	}
}

func TestBomb(t *testing.T) {
	packed := bomb(4000)
	got, bad := inflateOne(packed)
	if bad != nil || len(got) != 1+258*4000 || bytes.Trim(got, "\x00") != nil {
		t.Fatalf("%d bytes, %+v", len(got), bad)
	}
	if len(packed) > 1100 {
		t.Errorf("%d bytes packed", len(packed))
	}
}

// FuzzInflater checks that no data makes the strict inflater panic, and that the two inflaters agree.
func FuzzInflater(f *testing.F) {
	f.Add([]byte("\xf2\x48\xcd\xc9\xc9\x07\x00"))
	f.Add(bomb(10))
	f.Add(faraway(300, 1))
	f.Fuzz(func(t *testing.T, payload []byte) {
		got, bad := inflateOne(payload)
		ours, err := newDeflater(deflateParams{}, false).inflate(payload)
		if bad == nil && (err != nil || !bytes.Equal(got, ours)) {
			t.Fatalf("the strict inflater accepts %x; the other one differs, error %v", payload, err)
		}
	})
}

func TestKeysWrong(t *testing.T) {
	key := func(n uint32) [4]byte { return [4]byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)} }
	for _, c := range []struct {
		wrong bool
		key   func(i uint32) [4]byte
	}{
		{false, func(uint32) [4]byte { return key(rand.Uint32()) }},
		{true, func(uint32) [4]byte { return key(0) }},
		{true, func(i uint32) [4]byte { return key(i) }},
		{true, func(i uint32) [4]byte { return key(i * 0x01010101) }},
		{true, func(i uint32) [4]byte { return key(i % 7) }},
	} {
		var keys [][4]byte
		for i := range uint32(20) {
			keys = append(keys, c.key(i))
		}
		if why := keysWrong(keys); (why != "") != c.wrong {
			t.Errorf("%x: %q", keys, why)
		}
	}
}

// A malformed frame breaks exactly the intended rule.
func TestMalformedFrame(t *testing.T) {
	for _, c := range []struct {
		server bool
		f      malformedFrame
		want   wire.Violation
	}{
		{false, malformedFrame{op: wire.OpText, payload: "Hello"}.whole(), 0},
		{true, malformedFrame{op: wire.OpText, payload: "Hello"}.whole(), 0},
		{false, malformedFrame{op: wire.OpText, payload: "Hello", mask: maskZero}.whole(), 0},
		{false, malformedFrame{op: wire.OpText, payload: "Hello", mask: maskWrong}.whole(),
			wire.ErrUnmasked},
		{true, malformedFrame{op: wire.OpText, payload: "Hello", mask: maskWrong}.whole(), wire.ErrMasked},
		{false, malformedFrame{op: wire.OpText, form: 16, payload: "Hello"}.whole(),
			wire.ErrLengthNotMinimal},
		{false, malformedFrame{op: wire.OpText, form: 64, payload: strings.Repeat("x", 65535)}.whole(),
			wire.ErrLengthNotMinimal},
		{false, malformedFrame{op: wire.OpText, form: 64, length: 1 << 63}, wire.ErrLengthTopBit},
		{false, malformedFrame{op: wire.OpPing, payload: strings.Repeat("x", 126)}.whole(),
			wire.ErrControlTooLong},
	} {
		s := &script{server: c.server}
		d := wire.Decoder{Role: wire.Server, MaxMessage: -1}
		if c.server {
			d.Role = wire.Client
		}
		f, _, err := d.Next(s.malformed(c.f))
		if c.want == 0 {
			if err != nil || string(f.Payload) != c.f.payload {
				t.Errorf("%+v: %q, %v", c.f, f.Payload, err)
			}
		} else if !errors.Is(err, c.want) {
			t.Errorf("%+v: %v, want %v", c.f, err, c.want)
		}
	}
}
