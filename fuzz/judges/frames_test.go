package judges

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/compose"
	"github.com/hawser-ws/hawser/fuzz/internal/inflate"
	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/wire"
)

// The bits of FuzzJudges' mode.
const (
	modeClient  = 1 << iota // the stream is a client's
	modeDeflate             // permessage-deflate was negotiated
	modeFit                 // fit makes the masking of each frame valid
)

// differences returns the differences for an input of FuzzJudges.
func differences(data []byte, mode byte) []*difference {
	fromClient := mode&modeClient != 0
	if mode&modeFit != 0 {
		data = fit(data, fromClient)
	}
	_, list := compare(fromClient, mode&modeDeflate != 0, data)
	return list
}

// fit masks or unmasks the frames of a stream, so that a stream with another payload or for
// the other role is not refused for its masking alone.
func fit(data []byte, mask bool) (out []byte) {
	for len(data) > 0 {
		h, n, err := wire.ConsumeHeader(data)
		if err != nil {
			break
		}
		end := n + int(min(h.Length, int64(len(data)-n)))
		payload := bytes.Clone(data[n:end])
		data = data[end:]
		if h.Masked {
			wire.Mask(payload, h.Key, 0)
		}
		h.Masked, h.Key = mask, [4]byte{}
		if mask {
			h.Key = [4]byte{0x37, 0xfa, 0x21, 0x3d}
			wire.Mask(payload, h.Key, 0)
		}
		out = append(wire.AppendHeader(out, h), payload...)
	}
	return append(out, data...)
}

// maxInput limits an input, in bytes. Longer inputs find nothing more.
const maxInput = 16 << 10

// A stream is a seed.
type stream struct {
	data []byte
	mode byte
}

// streams returns the seeds: the streams of the compliance suite's cases, and streams that
// the seeds of the suite lack because package seeds shortens them.
func streams() (list []stream) {
	for _, s := range seeds.Streams() {
		seed := stream{data: s.Data}
		if s.FromClient {
			seed.mode |= modeClient
		}
		if s.Compressed {
			seed.mode |= modeDeflate
		}
		list = append(list, seed)
	}
	return append(append(list, plainStreams()...), deflateStreams()...)
}

// plainStreams returns seeds without compression.
func plainStreams() []stream {
	text, more, ping, pong := compose.Text, compose.Continuation, compose.Ping, compose.Pong
	many := func(f compose.Frame) []compose.Frame { return slices.Repeat([]compose.Frame{f}, 1100) }
	empty := append([]compose.Frame{text("x").NoFIN()}, many(more("").NoFIN())...)
	maskedEmpty := append([]compose.Frame{text("x").NoFIN().Mask()}, many(more("").NoFIN().Mask())...)
	return []stream{
		{compose.Stream(append(empty, more("y"))...), 0},
		{compose.Stream(append(maskedEmpty, more("y").Mask())...), modeClient},
		{compose.Stream(append(many(ping("")), text("x"))...), 0},
		{compose.Stream(append(many(pong("").Mask()), text("x").Mask())...), modeClient},
		{append(compose.Stream(text("Hel").NoFIN()), "\x88\x02"...), 0}, // cut off in a control frame
		{compose.Stream(compose.Close(1013, "")), 0},
		{compose.Stream(compose.Close(1014, "")), 0},
		{compose.Stream(compose.Close(0, "\xff")), 0}, // two faults of a close frame
		{compose.Stream(compose.Close(1000, "x").InForm(2)), 0},
	}
}

// deflateStreams returns seeds with compression. Most payloads are blocks with "Hello" or a
// part of it. A final block begins with 0xf3 instead of 0xf2.
func deflateStreams() []stream {
	text := func(payload string) compose.Frame { return compose.Text(payload).Compressed() }
	binary := func(payload string) compose.Frame { return compose.Binary(payload).Compressed() }
	bye := compose.Close(1000, "")
	const hello, final = "\xf2H\xcd\xc9\xc9\x07\x00", "\xf3H\xcd\xc9\xc9\x07\x00"
	var list []stream
	for _, frames := range [][]compose.Frame{
		{text("\xf3\x8f\x17\xbf")}, // a block that ends in the tail
		{text("\x04\xc0\x05`")},    // a block that does not end
		{text(hello).NoFIN(), bye}, // closed within a message
		{text(final + "\x00").NoFIN()},
		{text(final + "\x00").NoFIN(), bye},
		{binary("\x72\x65\xa3v").Announcing(1<<63 - 1)},
		{binary("\xf2H\xcd\xc9\xc9\x1f\x03\x00").NoFIN(), bye},
		{text("\x01\x03\x00\xfc\xffabc\x00"), text(hello)}, // a final stored block
		{text("\xf3H\xcd\xc9\xc9\x07\xa3")},
		{text("\x04\xc0\x05\x60\x2a\x69")},
		{binary("\x00@\x00\xbf\xffB")},            // a stored block that is cut off
		{text("\xf3h\xcd\xc9\xc9'\x00\x00\xbfX")}, // nonsense after a final block
		{binary("\x04\xc0\xff\xff\xff\xff\xff\xff\xff"), bye},
		{text(final + "\xf3H\xff\xff\xc9\x07\x00\x00")},                    // not UTF-8 after a final block
		{text(final + hello), compose.Text("x").Mask(), compose.Text("x")}, // bytes dropped, then a mask
	} {
		list = append(list, stream{compose.Stream(frames...), modeDeflate})
	}
	return append(list, stream{bombAfterFinal(), modeDeflate})
}

// bombAfterFinal returns a compressed message with more bytes than the limit after its
// first final block, and two other messages.
func bombAfterFinal() []byte {
	payload := "\xf3H\xcd\xc9\xc9\x07\x00" + string(inflate.DeflateZeros(maxMessage+1))
	return compose.Stream(compose.Binary(payload).Compressed(), compose.Text("x"), compose.Text("y"))
}

// FuzzJudges compares the parsers on a stream. Every difference must match a row.
func FuzzJudges(f *testing.F) {
	for _, s := range streams() {
		f.Add(s.data, s.mode|modeFit)
	}
	f.Fuzz(func(t *testing.T, data []byte, mode byte) {
		if len(data) > maxInput {
			return
		}
		for _, d := range differences(data, mode) {
			if accept(rows, d) < 0 {
				t.Errorf("no row matches the difference: %v", d)
			}
		}
	})
}

// TestRows runs every seed in either role, with and without compression. Every difference
// must match a row, and every row must be exercised for each of its libraries.
func TestRows(t *testing.T) {
	seen := map[int]map[string]int{}
	for _, s := range streams() {
		other := s.mode ^ modeClient
		for _, mode := range []byte{s.mode, s.mode ^ modeDeflate, other, other | modeFit} {
			for _, d := range differences(s.data, mode) {
				i := accept(rows, d)
				if i < 0 {
					t.Errorf("no row matches the difference: %v", d)
				}
				if seen[i] == nil {
					seen[i] = map[string]int{}
				}
				seen[i][d.library.name]++
			}
		}
	}
	for i, r := range rows {
		checkRow(t, r.libraries, r.does, r.section, r.says, r.right, seen[i])
	}
}

// checkRow reports a row that no seed exercises, or that lacks a sentence.
func checkRow(t *testing.T, libraries, does, section, says, right string, seen map[string]int) {
	if section == "" || says == "" || !slices.Contains([]string{"ours", "theirs", "both"}, right) {
		t.Errorf("%s %s: incomplete: section %q, sentence %q, right %q",
			libraries, does, section, says, right)
	}
	for _, name := range strings.Fields(libraries) {
		if seen[name] == 0 {
			t.Errorf("no seed exercises: %s %s", name, does)
		}
	}
	t.Logf("%v: %s (%s; right: %s)", seen, does, section, right)
}
