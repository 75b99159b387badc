package fuzz

import (
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/compose"
	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/wire"
	"github.com/hawser-ws/hawser/wire/wiretest"
)

// maxStream limits a stream, in bytes. Longer streams reach no new code.
const maxStream = 1 << 17

// The bits of reading.Config that the seeds use, and one for data that is a script
// rather than a stream.
const (
	aClientReads = 1
	rsv1         = 4 << 1
	noLimits     = 1 << 7
	someLimits   = 3<<7 | 80<<9 | 3<<24 | 3<<26
	tightLimits  = 3<<7 | 40<<9         // one empty fragment, one control frame
	nearLimits   = 3<<7 | 19<<9 | 3<<17 // a frame of 20, a message of 99
	anyText      = 1 << 29
	isScript     = 1 << 31
)

// addStreams adds streams and scripts of all kinds to a target's corpus.
func addStreams(f *testing.F) {
	for i, s := range wiretest.Streams() {
		// wire's own tests read all three thousand streams in every split. As seeds, a
		// quarter of them is enough, each for both roles.
		if i/2%4 == 0 && len(s.Bytes) <= 1<<11 {
			bits := uint32(s.Decoder.Role) | uint32(s.Decoder.RSV)<<1 | uint32(s.Decoder.FrameRSV)<<4
			if s.Decoder.AllowInvalidUTF8 {
				bits |= anyText
			}
			f.Add(bits, []byte{3, 1}, s.Bytes)
		}
	}
	for _, s := range seeds.Streams() {
		bits := uint32(noLimits)
		if !s.FromClient {
			bits |= aClientReads
		}
		if s.Compressed {
			bits |= rsv1
		}
		f.Add(bits, []byte{7, 0, 200}, s.Data[:min(len(s.Data), 1<<12)])
	}
	for _, script := range append(streamScripts(), limitScripts()...) {
		for _, bits := range []uint32{
			0, aClientReads, rsv1 | noLimits, aClientReads | someLimits, 4<<4 | someLimits, tightLimits,
			nearLimits, anyText,
		} {
			f.Add(bits|isScript, []byte{1, 2, 5}, script)
		}
	}
	for _, head := range []string{ // a wrong length, before the masking key
		"\x82\xfe\x00\x05", "\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00",
		"\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x01\x02\x03", "\x82\xfe\xff\xff",
	} {
		f.Add(uint32(noLimits), []byte{1}, []byte(head))
		f.Add(uint32(tightLimits), []byte{1}, []byte(head))
	}
	for _, entry := range compose.Sizes() { // in each form
		for entry.First = range byte(4) {
			f.Add(uint32(isScript|noLimits), []byte{1}, compose.Input(entry.Misformed()))
		}
	}
}

// streamScripts returns scripts of package compose.
func streamScripts() [][]byte {
	text, binary, more := compose.Text, compose.Binary, compose.Continuation
	ping, pong := compose.Ping, compose.Pong
	return [][]byte{
		compose.Input(text("caf\u00e9").NoFIN(), ping("abc").NoFIN(), more("").NoFIN(), more("ok"),
			compose.Close(1000, "ok").NoFIN()),
		compose.Input(binary("").NoFIN().Filled(125), more("").NoFIN().Filled(126), more("abcde")),
		compose.Input(text("").Filled(65536), text("").Filled(65535)),
		compose.Input(text("abc").Compressed(), text("a")),
		compose.Input(text("").NoFIN(), more("").NoFIN(), more("").NoFIN(), more("").NoFIN(), more("z")),
		compose.Input(ping(""), pong(""), ping(""), pong(""), ping(""), text("a")),
		compose.Input(text("\xf0\x9f\x98").NoFIN(), more("\x80")),
		compose.Input(binary("").NoFIN().Announcing(1<<63-1), more("").Announcing(1<<63-1)),
		compose.Input(text("ab").Misformed()),
		compose.Input(binary("ab").Misformed(), more("ab").AsIs()),
		compose.Input(compose.Close(1005, "").NoFIN()),
		compose.Input(compose.Close(1000, "\xff").NoFIN(), text("a")),
		compose.Input(text("\xed\xa0").NoFIN(), more("\x80")),
		// RSV1 on a continuation; half a character at the end; empty fragments, not in a row.
		compose.Input(text("\xe2").NoFIN(), more("a").Compressed(), text("a")),
		compose.Input(text("\xe2").NoFIN(), more("")),
		compose.Input(binary("").NoFIN(), more("a").NoFIN(), more("").NoFIN(), more("")),
	}
}

// limitScripts returns scripts at the limits of nearLimits, and scripts with text long
// enough for the loops over blocks.
func limitScripts() [][]byte {
	const nineteen, twenty = "...................", "...................."
	part := compose.Continuation(twenty).NoFIN()
	return [][]byte{
		// A message of 99 bytes, and one of 100.
		compose.Input(compose.Binary(twenty).NoFIN(), part, part, part, compose.Continuation(nineteen)),
		compose.Input(compose.Binary(twenty).NoFIN(), part, part, part, compose.Continuation(twenty)),
		// Payloads that swallow the headers of the frames after them.
		[]byte(strings.Repeat("\x02\x14"+nineteen, 4) + "\x80\x13" + nineteen),
		[]byte(strings.Repeat("\x02\x14"+nineteen, 5) + "\x80\x01."),
		compose.Input(compose.Binary(twenty), compose.Binary(twenty+".")),
		append(compose.Input(compose.Text("a\xe2 and a word of ASCII after half a character .")), '.'),
		append(compose.Input(compose.Text("a word of ASCII before \xff and a word after it ..")), "...."...),
	}
}

// stream returns the stream of an input: its data, or the frames of the script in it.
func stream(d *wire.Decoder, bits uint32, data []byte) []byte {
	if bits&isScript != 0 {
		data = compose.Stream(compose.Script(data, d.Role == wire.Server, d.RSV, d.FrameRSV)...)
	}
	return data[:min(len(data), maxStream)]
}

// FuzzDecoderChops reads a stream in one piece, in the pieces of the input, byte by
// byte and in two pieces. The frames, their payloads and the error with its code and
// offset must be the same.
func FuzzDecoderChops(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, bits uint32, chops, data []byte) {
		config := reading.Config(bits)
		rules := reading.Model(&config)
		s := stream(&config, bits, data)
		read := func(sizes []int) *reading.Reading {
			d := reading.Config(bits)
			r, err := reading.Read(&d, s, sizes)
			if err != nil {
				t.Fatalf("%+v\n% x in pieces of %v: %v", rules, s, sizes, err)
			}
			return r
		}
		whole := read(reading.Chop(len(s), nil))
		ways := [][]int{reading.Chop(len(s), chops)}
		if len(s) <= 1<<12 {
			ways = append(ways, reading.Chop(len(s), []byte{1}))
		}
		if len(chops) > 0 { // two pieces
			at := int(chops[0]) * len(s) / 256
			ways = append(ways, []int{at, len(s) - at})
		}
		for _, sizes := range ways {
			if err := reading.Same(read(sizes), whole); err != nil {
				t.Fatalf("%+v\n% x in pieces of %v, compared with one piece: %v", rules, s, sizes, err)
			}
		}
	})
}

// FuzzDecoderModel compares the decoder with the model: the frames and messages, and
// the rule that was broken, its code and its offset.
func FuzzDecoderModel(f *testing.F) {
	addStreams(f)
	f.Fuzz(func(t *testing.T, bits uint32, chops, data []byte) {
		d := reading.Config(bits)
		rules := reading.Model(&d)
		s := stream(&d, bits, data)
		r, err := reading.Read(&d, s, reading.Chop(len(s), chops))
		if err != nil {
			t.Fatalf("%+v\n% x: %v", rules, s, err)
		}
		m := model.Decode(rules, s)
		if err := r.Against(&m); err != nil {
			t.Fatalf("%+v\n% x, compared with the model: %v", rules, s, err)
		}
		if m.Fault != nil && m.Fault.Rule == model.ControlFlood {
			d, rules.MaxControls = reading.Config(bits), -1
			if r, err = reading.ReadPatiently(&d, s); err != nil {
				t.Fatalf("%+v\n% x: %v", rules, s, err)
			}
			m = model.Decode(rules, s)
			if err := r.Against(&m); err != nil {
				t.Fatalf("%+v\n% x with ResetControls, compared with the model: %v", rules, s, err)
			}
		}
	})
}
