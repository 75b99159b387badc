package deflate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// Messages that compress/flate has compressed are inflated, for every window, with and
// without takeover, and however input and output are cut.
func TestDecodeMixedStreams(t *testing.T) {
	feedings := []feeding{
		{}, {most: 1}, {most: 100}, {most: 4096},
		{piece: 1}, {piece: 7, most: 3}, {piece: 100}, {piece: 3000, lastNil: true},
		{piece: 1, most: 1, lastNil: true},
	}
	for bits := 8; bits <= 15; bits++ {
		for _, takeover := range []bool{true, false} {
			t.Run(fmt.Sprintf("bits=%d,takeover=%v", bits, takeover), func(t *testing.T) {
				rnd := rand.New(rand.NewPCG(uint64(bits), 2))
				s, _ := both(t, bits, !takeover)
				p := peer{window: 1 << bits, takeover: takeover, rnd: rnd}
				for range messages(24) {
					msg := mixedMessage(rnd, lessUnderRace(someSize(rnd), 8))
					f := feedings[rnd.IntN(len(feedings))]
					got, err := decode(t, s, p.message(t, msg), f)
					if err != nil || !bytes.Equal(got, msg) {
						t.Fatalf("%v: %d bytes of %d, %v", f, len(got), len(msg), err)
					}
				}
			})
		}
	}
}

// endings has all the ways to end a message, and all forms of an empty message.
var endings = []struct {
	name    string
	payload []byte
	want    string
}{
	{"RFC 7692, 7.2.3.1: one block", []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
	{"RFC 7692, 7.2.3.3: stored", []byte("\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"), "Hello"},
	{"RFC 7692, 7.2.3.4: final block", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00\x00"), "Hello"},
	{"RFC 7692, 7.2.3.5: two blocks", []byte("\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"),
		"Hello"},
	{"RFC 7692, 7.2.3.6: empty", []byte("\x00"), ""},
	{"empty payload", nil, ""},
	{"final block, no byte after it", []byte("\xf3\x48\xcd\xc9\xc9\x07\x00"), "Hello"},
	{"stored final block", new(crafter).stored(1, "Hello").message(), "Hello"},
	{"stored final block, no byte after it", new(crafter).stored(1, "Hello").out, "Hello"},
	{"empty final blocks", new(crafter).stored(1, "").stored(1, "").message(), ""},
	{"two final blocks", new(crafter).stored(1, "Hel").stored(1, "lo").message(), "Hello"},
	{"final block, then a reference to it", new(crafter).fixed(1).literals("abc").end().align().
		fixed(0).match3(3).end().message(), "abcabc"},
	{"blocks of all kinds", new(crafter).stored(0, "a").fixed(0).literals("b").end().stored(1, "c").
		fixed(1).literals("\xff").end().align().fixed(0).match3(4).end().message(), "abc\xffabc"},
	{"stored block, no byte after it", new(crafter).stored(0, "Hello").out, "Hello"},
	{"tail not removed", []byte("\xf2\x48\xcd\xc9\xc9\x07\x00\x00\x00\xff\xff\x00"), "Hello"},
	// The algorithm of section 7.2.2 takes the tail that it appends as the missing data of a
	// block that lacks four bytes. This cannot be detected.
	{"stored block that lacks four bytes", []byte("\x01\x05\x00\xfa\xffH"), "H\x00\x00\xff\xff"},
}

func TestDecodeEndings(t *testing.T) {
	s, _ := both(t, 15, true)
	for _, e := range endings {
		for _, f := range []feeding{
			{}, {most: 1}, {piece: 1}, {piece: 1, lastNil: true}, {piece: 100, lastNil: true}, {most: 5},
		} {
			if e.payload == nil && f.piece > 0 && !f.lastNil {
				continue
			}
			got, err := decode(t, s, e.payload, f)
			if err != nil || string(got) != e.want {
				t.Errorf("%s, %v: %q, %v", e.name, f, got, err)
			}
		}
	}
}

// garbage has invalid messages, with the output before the error.
var garbage = []struct {
	name    string
	payload []byte
	after   string // the output before the error
	cause   string
}{
	{"reserved block type", []byte{0x06}, "", "reserved block type"},
	{"length and complement", []byte("\x00\x05\x00\x00\x00Hello\x00"), "", storedLength},
	{"distance before the start", new(crafter).fixed(0).literals("ab").match3(3).end().message(),
		"ab", "distance beyond the window"},
	{"distance before the start of all streams",
		new(crafter).stored(1, "ab").fixed(0).match3(4).end().message(),
		"ab", "distance beyond the window"},
	{"distance code 30",
		new(crafter).fixed(0).literals("ab").huffman(1, 7).huffman(30, 5).end().message(),
		"ab", "invalid symbol"},
	{"length code 286",
		new(crafter).fixed(0).literals("ab").huffman(0xc6, 8).huffman(0, 5).end().message(),
		"ab", "invalid symbol"},
	{"287 literals", new(crafter).bits(0, 1).bits(2, 2).bits(30, 5).bits(0, 9).bits(0xfff, 12).message(),
		"", "too many code lengths"},
	{"31 distances",
		new(crafter).bits(0, 1).bits(2, 2).bits(0, 5).bits(30, 5).bits(0, 4).bits(0xfff, 12).message(),
		"", "too many code lengths"},
	{"over-subscribed code", dynamicBlock(0o1111).message(), "", "invalid set of code lengths"},
	{"incomplete code", dynamicBlock(0o3333).message(), "", "invalid set of code lengths"},
	{"empty code", dynamicBlock(0).bits(0, 8).message(), "", "invalid symbol"},
	{"repetition of nothing", dynamicBlock(0o0001).bits(0, 8).message(),
		"", "invalid repetition of a code length"},
	{"repetition of too many",
		dynamicBlock(0o0100).bits(0, 1).bits(127, 7).bits(0, 1).bits(127, 7).message(),
		"", "invalid repetition of a code length"},
	{"codes of no symbol",
		dynamicBlock(0o0100).bits(0, 1).bits(127, 7).bits(0, 1).bits(109, 7).bits(0, 20).message(),
		"", "invalid symbol"},
	{"text", []byte("Hello, this has not been compressed"), "", storedLength},
	{"stored block cut off", []byte("\x00\x20\x00\xdf\xffHello"), "Hello\x00\x00\xff\xff", "unexpected EOF"},
	{"final block cut off", []byte("\x01\x07\x00\xf8\xffHello"), "Hello\x00\x00", "unexpected EOF"},
	{"fixed block cut off", new(crafter).fixed(0).literals("Hello").out, "Hello", "unexpected EOF"},
	{"header cut off", zeros(10)[:7], "", "unexpected EOF"},
}

const storedLength = "length of a stored block does not match its complement"

func TestDecodeGarbage(t *testing.T) {
	for _, g := range garbage {
		for _, f := range []feeding{{}, {most: 1}, {piece: 1}, {piece: 1, lastNil: true}} {
			s, _ := both(t, 12, false)
			got, err := decode(t, s, g.payload, f)
			var e *deflate.Error
			if !errors.As(err, &e) {
				t.Errorf("%s, %v: %q, %v", g.name, f, got, err)
				continue
			}
			if string(got) != g.after || e.Offset != int64(len(got)) ||
				e.Section != "7.2.2" || e.Err.Error() != g.cause {
				t.Errorf("%s, %v: %q, %+v, want %q and the cause %q", g.name, f, got, e, g.after, g.cause)
			}
			if errors.Is(err, io.ErrUnexpectedEOF) != (g.cause == "unexpected EOF") {
				t.Errorf("%s, %v: %v", g.name, f, err)
			}
		}
	}
}

// An error is returned again until Release, and does not affect the next message of any
// connection.
func TestDecodeAfterGarbage(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{NoContextTakeover: true})
	_, s := accept(t, e, "permessage-deflate")
	for _, whole := range []bool{true, false} {
		dec, _ := s.Decode(wire.RSV1)
		_, _, _, err := dec.Append(nil, []byte("\x06"), whole, 10)
		for range 3 {
			if _, _, more, again := dec.Append(nil, []byte("\x00"), true, 10); more || again != err {
				t.Errorf("error %v, then %v, more %v", err, again, more)
			}
		}
		for range 2 {
			dec.Release()
		}
		for _, f := range []feeding{{}, {piece: 1}} {
			got, err := decode(t, s, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), f)
			if err != nil || string(got) != "Hello" {
				t.Errorf("%q, %v", got, err)
			}
		}
	}
}

// On messages with random changes, the decoder does not panic or exceed max, and the next
// message can be read.
func TestDecodeDamagedMessages(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 9))
	o := &deflate.Options{WindowBits: 10, NoContextTakeover: true, Threshold: -1}
	s, c := agree(t, o, o)
	failed := 0
	for range messages(2000) {
		z := encode(t, s, mixedMessage(rnd, rnd.IntN(600)), 0)
		for range 1 + rnd.IntN(4) {
			z[rnd.IntN(len(z))] ^= 1 << rnd.IntN(8)
		}
		z = z[:rnd.IntN(len(z)+1)]
		f := feeding{piece: rnd.IntN(200), most: rnd.IntN(100), lastNil: rnd.IntN(2) == 0}
		if _, err := decode(t, c, z, f); err != nil {
			failed++
		}
		got, err := decode(t, c, []byte("\xf2\x48\xcd\xc9\xc9\x07\x00"), feeding{})
		if err != nil || string(got) != "Hello" {
			t.Fatalf("%q, %v", got, err)
		}
	}
	if failed < messages(100) {
		t.Errorf("only %d messages failed: the changes are too few to test anything", failed)
	}
}

// more is set if and only if there is at least one more byte to append.
func TestDecodeMore(t *testing.T) {
	s, _ := both(t, 12, true)
	for _, whole := range []bool{true, false} {
		dec, _ := s.Decode(wire.RSV1)
		src := hello
		if !whole {
			out, took, more, err := dec.Append(nil, hello, false, 0)
			if len(out) > 0 || took > len(hello) || !more || err != nil {
				t.Errorf("begin: %q, %d, %v, %v", out, took, more, err)
			}
			src = hello[took:]
		}
		for i, step := range []struct {
			most int
			want string
			more bool
		}{
			{0, "", true}, {-1, "", true}, {2, "He", true}, {0, "", true}, {3, "llo", false},
			{0, "", false}, {math.MaxInt, "", false},
		} {
			out, took, more, err := dec.Append([]byte("x"), src, true, step.most)
			if string(out) != "x"+step.want || more != step.more || took != len(src) || err != nil {
				t.Errorf("whole %v, step %d: %q, %d, %v, %v", whole, i, out, took, more, err)
			}
			src = nil
		}
		dec.Release()
	}
}

// more is not set if the output is full and the input is used up, too.
func TestDecodeMoreOfStoredBlock(t *testing.T) {
	s, _ := both(t, 12, true)
	dec, _ := s.Decode(wire.RSV1)
	defer dec.Release()
	out, took, more, err := dec.Append(nil, []byte("\x00\x05\x00\xfa\xffHe"), false, 2)
	if string(out) != "He" || took != 7 || more || err != nil {
		t.Errorf("%q, %d, %v, %v", out, took, more, err)
	}
	rest := []byte("llo\x00")
	if out, took, more, err = dec.Append(nil, rest, true, 2); string(out) != "ll" || !more || err != nil {
		t.Errorf("%q, %v, %v", out, more, err)
	}
	if out, _, more, err = dec.Append(nil, rest[took:], true, 2); string(out) != "o" || more || err != nil {
		t.Errorf("%q, %v, %v", out, more, err)
	}
}

// Output is returned as soon as its input has been flushed, however it was flushed, before
// the end of the message.
func TestDecodeFlushes(t *testing.T) {
	s, _ := both(t, 12, true)
	dec, _ := s.Decode(wire.RSV1)
	defer dec.Release()
	for i, part := range [][]byte{
		new(crafter).fixed(0).literals("Hello").end().align().out, // ends with the header of the next block
		new(crafter).align().out,
		[]byte("\x00\x00\xff\xff"),
		new(crafter).stored(0, "Hello").out,
		new(crafter).fixed(1).literals("Hello").end().align().out,
		new(crafter).stored(1, "Hello").out,
	} {
		want := "Hello"
		if len(part) < 5 {
			want = ""
		}
		if out, _, _, err := dec.Append(nil, part, false, 100); string(out) != want || err != nil {
			t.Errorf("part %d: %q, %v", i, out, err)
		}
	}
}

// Without takeover, a message cannot refer to an earlier message of any connection.
func TestDecodeKeepsMessagesApart(t *testing.T) {
	e := deflate.MustNew(&deflate.Options{NoContextTakeover: true})
	for _, f := range []feeding{{}, {most: 1}, {piece: 1}, {piece: 3, lastNil: true}} {
		_, a := accept(t, e, "permessage-deflate")
		if _, err := decode(t, a, hello, f); err != nil {
			t.Fatal(err)
		}
		_, b := accept(t, e, "permessage-deflate")
		for _, s := range []wire.Session{a, b} {
			if got, err := decode(t, s, helloAgain, feeding{}); string(got) == "Hello" {
				t.Errorf("%v: %q, %v", f, got, err)
			}
		}
	}
}

// The output grows to the size of the message, and never beyond max.
func TestDecodeGrowsNoFurtherThanMax(t *testing.T) {
	s, _ := both(t, 12, true)
	z := zeros(1000) // 258,001 bytes
	for _, most := range []int{0, 1, 511, 512, 513, 5000, 65_537, 258_000, 258_001, 1 << 20} {
		for _, dst := range [][]byte{nil, make([]byte, 10), make([]byte, 10, 1000)} {
			dec, _ := s.Decode(wire.RSV1)
			out, _, more, err := dec.Append(dst, z, true, most)
			dec.Release()
			want := min(most, 258_001)
			if err != nil || len(out)-len(dst) != want || more != (most < 258_001) {
				t.Fatalf("max %d: %d bytes, more %v, %v, want %d bytes", most, len(out)-len(dst), more, err,
					want)
			}
			if cap(out) > max(cap(dst), len(dst)+most) || cap(out) > 2*len(out)+1000 {
				t.Errorf("max %d: capacity %d for %d bytes", most, cap(out), len(out))
			}
		}
	}
}

// If more is set, the caller may continue with the rest of src, which may be empty.
func TestDecodeTakesInputPiecemeal(t *testing.T) {
	s, _ := both(t, 15, true)
	p := textMessage(rand.New(rand.NewPCG(5, 5)), 50_000)
	z := encode(t, s, p, 0)
	_, c := both(t, 15, true)
	got, err := decode(t, c, z, feeding{most: 1000})
	if err != nil || !bytes.Equal(got, p) {
		t.Fatal(len(got), err)
	}
}

// A match whose last bit is the last bit of the input is returned at once, not with the next
// input.
func TestDecodeMatchAtEndOfInput(t *testing.T) {
	c := new(crafter).fixed(0).literals("\xff").match3(1)
	if c.n != 0 {
		t.Fatal("the match does not end at a byte boundary")
	}
	s, _ := both(t, 12, true)
	dec, _ := s.Decode(wire.RSV1)
	defer dec.Release()
	out, _, more, err := dec.Append(nil, c.out, false, 100)
	if string(out) != "\xff\xff\xff\xff" || more || err != nil {
		t.Errorf("%x, more %v, %v", out, more, err)
	}
}
