package wire_test

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

// TestDecoder reads every stream whole, byte by byte, cut in two at every place,
// and in random chunks.
func TestDecoder(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for _, s := range wiretest.Streams() {
		if err := decode(&s); err != nil {
			t.Errorf("%s: whole: %v", s.Name, err)
			continue
		}
		bytewise := make([]int, 0, len(s.Bytes))
		for i := range s.Bytes {
			bytewise = append(bytewise, i)
		}
		if err := decode(&s, bytewise...); err != nil {
			t.Errorf("%s: byte by byte: %v", s.Name, err)
			continue
		}
		for i := range s.Bytes {
			// Long streams are cut only near their start and end.
			if len(s.Bytes) > 700 && i > 40 && i < len(s.Bytes)-20 {
				continue
			}
			if err := decode(&s, i); err != nil {
				t.Errorf("%s: %v", s.Name, err)
				break
			}
		}
		for range 3 {
			var cuts []int
			for at := 0; ; {
				if at += random.IntN(1 + random.IntN(40)); at > len(s.Bytes) {
					break
				}
				cuts = append(cuts, at)
			}
			if err := decode(&s, cuts...); err != nil {
				t.Errorf("%s: seed %d: %v", s.Name, seed, err)
				break
			}
		}
	}
}

// A peer sends 300,000 empty continuations. The decoder refuses the first one over its
// limit.
func TestDecoderEmptyContinuations(t *testing.T) {
	stream := wire.AppendHeader(nil, wire.Header{Opcode: wire.OpText, Masked: true, Length: 1})
	stream = append(stream, 'a')
	first := len(stream)
	empty := wire.AppendHeader(nil, wire.Header{Masked: true})
	stream = append(stream, bytes.Repeat(empty, 300_000)...)

	var d wire.Decoder
	for frames := 0; ; frames++ {
		_, n, err := d.Next(stream)
		if err != nil {
			var e *wire.Error
			if !errors.As(err, &e) || e.Violation != wire.ErrEmptyFragments ||
				e.Code() != wire.StatusPolicyViolation {
				t.Errorf("error %v, want %v", err, wire.ErrEmptyFragments)
			}
			if want := int64(first + wire.DefaultMaxEmptyFragments*len(empty) + 1); e.Offset != want {
				t.Errorf("refused at byte %d, want %d", e.Offset, want)
			}
			if want := 1 + wire.DefaultMaxEmptyFragments; frames != want {
				t.Errorf("refused after %d frames, want %d", frames, want)
			}
			return
		}
		if stream = stream[n:]; len(stream) == 0 {
			t.Fatal("the whole stream was accepted")
		}
	}
}

// The defaults must not change: users rely on them.
func TestDecoderDefaults(t *testing.T) {
	got := [...]int{wire.DefaultMaxMessage, wire.DefaultMaxEmptyFragments, wire.DefaultMaxControls}
	if want := [...]int{1_048_576, 1_024, 1_000}; got != want {
		t.Errorf("the defaults are %v, want %v", got, want)
	}
}

func TestDecoderResetControls(t *testing.T) {
	for _, role := range []wire.Role{wire.Server, wire.Client} {
		d := wire.Decoder{Role: role, MaxControls: 3}
		for i := range 30 {
			if i%3 == 0 {
				d.ResetControls()
			}
			if f, _, err := d.Next(pingFor(role)); err != nil || f.Kind != wire.KindPing {
				t.Fatalf("%v: ping %d: %v", role, i, err)
			}
		}
		if _, _, err := d.Next(pingFor(role)); !errors.Is(err, wire.ErrControlFlood) {
			t.Errorf("%v: ping over the limit: %v, want %v", role, err, wire.ErrControlFlood)
		}
	}
}

// MaxFrame and MaxMessage may change between calls, even within a message. They apply from
// the next header on.
func TestDecoderLimitsChange(t *testing.T) {
	frame := func(fin bool, op wire.Opcode, n int) []byte {
		b := wire.AppendHeader(nil, wire.Header{Fin: fin, Opcode: op, Length: int64(n)})
		return append(b, make([]byte, n)...)
	}
	d := wire.Decoder{Role: wire.Client, MaxMessage: 10}
	steps := []struct {
		frame, message int64
		in             []byte
		want           error
	}{
		{0, 10, frame(true, wire.OpBinary, 10), nil},
		{0, 20, frame(true, wire.OpBinary, 20), nil},
		{0, 20, frame(false, wire.OpBinary, 15), nil},
		{0, 40, frame(false, wire.OpContinuation, 15), nil},
		{6, 40, frame(false, wire.OpContinuation, 6), nil},
		{0, 10, pingFor(wire.Client), nil},
		{0, 10, frame(true, wire.OpContinuation, 0), wire.ErrMessageTooBig},
	}
	for i, s := range steps {
		d.MaxFrame, d.MaxMessage = s.frame, s.message
		if _, _, err := d.Next(s.in); !errors.Is(err, s.want) {
			t.Fatalf("step %d: %v, want %v", i, err, s.want)
		}
	}
	// A frame whose header was accepted is not refused later.
	d = wire.Decoder{Role: wire.Client, MaxMessage: 10}
	in := frame(true, wire.OpBinary, 10)
	if _, n, err := d.Next(in[:4]); n != 4 || err != nil {
		t.Fatal(n, err)
	}
	d.MaxMessage = 5
	if f, _, err := d.Next(in[4:]); err != nil || !f.EndsMessage() {
		t.Errorf("the rest of an accepted frame: %v", err)
	}
}

// A payload is a slice of the input, and appending to it does not overwrite the bytes that
// follow.
func TestDecoderInPlace(t *testing.T) {
	for _, op := range []wire.Opcode{wire.OpBinary, wire.OpPing} {
		stream := wire.AppendHeader(nil, wire.Header{
			Fin: true, Opcode: op, Masked: true, Key: [4]byte{1, 2, 3, 4}, Length: 5,
		})
		start := len(stream)
		stream = append(stream, "12345next"...)
		var d wire.Decoder
		f, n, err := d.Next(stream)
		if err != nil || n != start+5 {
			t.Fatal(n, err)
		}
		if &f.Payload[0] != &stream[start] {
			t.Errorf("%v: the payload was copied", op)
		}
		_ = append(f.Payload, "!!!!"...)
		if got := string(stream[n:]); got != "next" {
			t.Errorf("%v: appending to the payload changed the next bytes to %q", op, got)
		}
	}
}

// Remaining is the number of bytes that may be read directly into the message's buffer.
func TestDecoderRemaining(t *testing.T) {
	var d wire.Decoder
	key := [4]byte{9, 8, 7, 6}
	head := wire.AppendHeader(nil, wire.Header{
		Fin: true, Opcode: wire.OpBinary, Masked: true, Key: key, Length: 1000,
	})
	payload := make([]byte, 1000)
	wire.Mask(payload, key, 0)
	if d.Remaining() != 0 {
		t.Errorf("Remaining is %d at the start, want 0", d.Remaining())
	}
	if _, n, err := d.Next(head); n != len(head) || err != nil {
		t.Fatal(n, err)
	}
	if got := d.Remaining(); got != 1000 {
		t.Errorf("Remaining is %d after the header, want 1000", got)
	}
	for at := 0; at < 1000; at += 250 {
		if f, n, err := d.Next(payload[at : at+250]); n != 250 || len(f.Payload) != 250 || err != nil {
			t.Fatal(n, err)
		}
		if got := d.Remaining(); got != int64(750-at) {
			t.Errorf("Remaining is %d, want %d", got, 750-at)
		}
	}
	if !bytes.Equal(payload, make([]byte, 1000)) {
		t.Error("the payload was not unmasked in place")
	}
	// The payload of a control frame is not part of a message.
	if _, _, err := d.Next([]byte{0x89, 0x85, 1, 2, 3, 4, 5}); err != nil || d.Remaining() != 0 {
		t.Errorf("Remaining is %d within a ping (error %v), want 0", d.Remaining(), err)
	}
}

// InFrame is true within frames, not between the fragments of a message, and false when the
// stream has ended.
func TestDecoderInFrame(t *testing.T) {
	d := wire.Decoder{Role: wire.Client}
	for i, step := range []struct {
		in        string
		want      bool
		remaining int64
	}{
		{"", false, 0},
		{"\x01", true, 0}, // half a header
		{"\x02", true, 2},
		{"a", true, 1},
		{"b", false, 0},        // between fragments
		{"\x89\x02p", true, 0}, // half a ping
		{"p", false, 0},
		{"\x80\x7e\x00", true, 0}, // half a length
		{"\x7e", true, 126},
		{strings.Repeat("c", 126), false, 0},
		{"\x88", true, 0},
		{"\x00", false, 0}, // io.EOF from here on
	} {
		if _, n, err := d.Next([]byte(step.in)); n != len(step.in) || err != nil {
			t.Fatalf("step %d: %d, %v", i, n, err)
		}
		if got := d.InFrame(); got != step.want || d.Remaining() != step.remaining {
			t.Errorf("step %d: InFrame %v, Remaining %d, want %v, %d",
				i, got, d.Remaining(), step.want, step.remaining)
		}
	}
	for _, in := range []string{"\x83", "\x81\x80", "\x81\x05\xff", "\x88\x01\x00"} {
		d := wire.Decoder{Role: wire.Client}
		if _, _, err := d.Next([]byte(in)); err == nil || d.InFrame() {
			t.Errorf("% x: error %v, InFrame %v", in, err, d.InFrame())
		}
	}
}

// Next(nil) changes nothing, at any position in the stream.
func TestDecoderNoBytes(t *testing.T) {
	for _, s := range wiretest.Streams() {
		if len(s.Bytes) > 100 {
			continue
		}
		r := reading{d: s.Decoder}
		for i := range s.Bytes {
			for range 2 {
				if f, n, err := r.d.Next(nil); n != 0 || err != r.err || f.Kind != wire.KindNone {
					t.Errorf("%s: Next(nil) before byte %d: %+v, %d, %v", s.Name, i, f, n, err)
				}
			}
			r.feed(s.Bytes[i : i+1])
			if n := len(r.frames); r.err != nil || n > 0 && r.frames[n-1].Kind == wire.KindClose {
				break
			}
		}
		if err := r.check(&s); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
}

// Random bytes do not make a decoder panic, and give the same result in one piece and byte by
// byte.
func TestDecoderRubbish(t *testing.T) {
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 0))
	for i := range 20_000 {
		s := wiretest.Stream{Decoder: wire.Decoder{
			Role: wire.Role(i & 1), RSV: byte(random.IntN(8)), FrameRSV: byte(random.IntN(8)),
			AllowInvalidUTF8: random.IntN(2) == 0,
		}}
		s.Bytes = make([]byte, random.IntN(60))
		for j := range s.Bytes {
			s.Bytes[j] = byte(random.Uint32())
			if random.IntN(2) == 0 {
				s.Bytes[j] &= 0x8b // more likely to be a valid header
			}
		}
		// The result in one piece is what is expected byte by byte.
		whole := reading{d: s.Decoder}
		whole.feed(s.Bytes)
		s.Frames, s.Closed = whole.frames, whole.err == io.EOF
		if n := len(whole.frames); n > 0 && whole.frames[n-1].Kind == wire.KindClose {
			s.Closed = true
		}
		var e *wire.Error
		if errors.As(whole.err, &e) {
			s.Violation, s.Offset, s.Size, s.Limit = e.Violation, e.Offset, e.Size, e.Limit
		}
		if err := whole.check(&s); err != nil {
			t.Fatalf("seed %d: % x: %v", seed, s.Bytes, err)
		}
		bytewise := make([]int, len(s.Bytes))
		for j := range bytewise {
			bytewise[j] = j
		}
		if err := decode(&s, bytewise...); err != nil {
			t.Fatalf("seed %d: % x: byte by byte: %v", seed, s.Bytes, err)
		}
	}
}
