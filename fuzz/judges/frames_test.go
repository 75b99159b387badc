package judges

import (
	"bytes"
	"compress/flate"
	"slices"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/seeds"
	"github.com/hawser-ws/hawser/wire"
)

// The bits of FuzzJudges' mode.
const (
	modeClient  = 1 << iota // the stream is a client's
	modeDeflate             // permessage-deflate was negotiated
	modeFit                 // each frame is masked or not as it has to be
)

// put is judge for an input of a fuzzer.
func put(data []byte, mode byte) []*difference {
	fromClient := mode&modeClient != 0
	if mode&modeFit != 0 {
		data = fit(data, fromClient)
	}
	_, list := judge(fromClient, mode&modeDeflate != 0, data)
	return list
}

// fit masks the frames of a stream, or takes their masks off, so that a change of a
// payload or of the role is not just a frame that has to be refused.
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

// maxInput bounds an input, in octets: what is longer finds nothing else.
const maxInput = 16 << 10

// A stream is a seed.
type stream struct {
	data []byte
	mode byte
}

// streams are the seeds: the streams of the suite's cases, and what their short form
// leaves out.
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
	return append(list,
		stream{[]byte("\x01\x01x" + strings.Repeat("\x00\x00", 1100) + "\x80\x01y"), 0},
		stream{[]byte("\x01\x817\xfa!=O" + strings.Repeat("\x00\x807\xfa!=", 1100) + "\x80\x817\xfa!=N"), modeClient},
		stream{[]byte(strings.Repeat("\x89\x00", 1100) + "\x81\x01x"), 0},
		stream{[]byte(strings.Repeat("\x8a\x807\xfa!=", 1100) + "\x81\x817\xfa!=O"), modeClient},
		stream{[]byte("\x01\x03Hel\x88\x02"), 0},                                         // cut off in a control frame
		stream{[]byte("\x88\x02\x03\xf5"), 0},                                            // 1013
		stream{[]byte("\x88\x02\x03\xf6"), 0},                                            // 1014
		stream{[]byte("\x88\x03\x00\x00\xff"), 0},                                        // two faults of a close frame
		stream{[]byte("\x88~\x00\x03\x03\xe8x"), 0},                                      // 1000, in a long form
		stream{[]byte("\xc1\x04\xf3\x8f\x17\xbf"), modeDeflate},                          // a block that ends in the tail
		stream{[]byte("\xc1\x04\x04\xc0\x05`"), modeDeflate},                             // a block that does not end
		stream{[]byte("\x41\x07\xf2H\xcd\xc9\xc9\x07\x00\x88\x02\x03\xe8"), modeDeflate}, // closed within a message
		stream{[]byte("\x41\x08\xf3H\xcd\xc9\xc9\x07\x00\x00"), modeDeflate},             // a final block before the last frame
		stream{[]byte("\x41\x08\xf3H\xcd\xc9\xc9\x07\x00\x00\x88\x02\x03\xe8"), modeDeflate},
		stream{[]byte("\xc2\x7f\x7f\xff\xff\xff\xff\xff\xff\xff\x72\x65\xa3v"), modeDeflate}, // a length of 63 bits
		stream{[]byte("B\x08\xf2H\xcd\xc9\xc9\x1f\x03\x00\x88\x02\x03\xe8"), modeDeflate},
		stream{[]byte("\xc1\x09\x01\x03\x00\xfc\xffabc\x00\xc1\x07\xf2H\xcd\xc9\xc9\x07\x00"), modeDeflate}, // a final stored block
		stream{[]byte("\xc1\x07\xf3H\xcd\xc9\xc9\x07\xa3"), modeDeflate},
		stream{[]byte("\xc1\x06\x04\xc0\x05\x60\x2a\x69"), modeDeflate},
		stream{[]byte("\xc2\x06\x00@\x00\xbf\xffB"), modeDeflate},              // a stored block that is cut off
		stream{[]byte("\xc1\x0a\xf3h\xcd\xc9\xc9'\x00\x00\xbfX"), modeDeflate}, // nonsense behind a final block
		stream{[]byte("\xc2\x09\x04\xc0\xff\xff\xff\xff\xff\xff\xff\x88\x02\x03\xe8"), modeDeflate},
		stream{[]byte("\xc1\x0f\xf3H\xcd\xc9\xc9\x07\x00\xf3H\xff\xff\xc9\x07\x00\x00"), modeDeflate}, // not UTF-8 behind a final block
		stream{bombBehindFinal(), modeDeflate},
		stream{[]byte("\xc1\x0e\xf3H\xcd\xc9\xc9\x07\x00\xf2H\xcd\xc9\xc9\x07\x00\x81\x81\x37\xfa!=O\x81\x01x"), modeDeflate}, // octets dropped, then a mask
	)
}

// bombBehindFinal is a compressed message with more octets than the limit behind its
// first final block, with messages behind it.
func bombBehindFinal() []byte {
	var b bytes.Buffer
	b.WriteString("\xf3H\xcd\xc9\xc9\x07\x00")
	w, err := flate.NewWriter(&b, flate.BestCompression)
	if err != nil {
		panic("BUG: " + err.Error())
	}
	_, _ = w.Write(make([]byte, maxMessage+1)) // to a buffer
	_ = w.Flush()
	payload := bytes.TrimSuffix(b.Bytes(), []byte("\x00\x00\xff\xff"))
	head := wire.AppendHeader(nil, wire.Header{Fin: true, RSV: wire.RSV1, Opcode: wire.OpBinary, Length: int64(len(payload))})
	return append(append(head, payload...), "\x81\x01x\x81\x01y"...)
}

// The parsers agree on a stream, but for what the rows say.
func FuzzJudges(f *testing.F) {
	for _, s := range streams() {
		f.Add(s.data, s.mode|modeFit)
	}
	f.Fuzz(func(t *testing.T, data []byte, mode byte) {
		if len(data) > maxInput {
			return
		}
		for _, d := range put(data, mode) {
			if accept(rows, d) < 0 {
				t.Errorf("a difference that no row accepts: %v", d)
			}
		}
	})
}

// Every seed does well in either role, with and without compression, and every row is
// exercised by one, for every library that it names.
func TestRows(t *testing.T) {
	seen := map[int]map[string]int{}
	for _, s := range streams() {
		other := s.mode ^ modeClient
		for _, mode := range []byte{s.mode, s.mode ^ modeDeflate, other, other | modeFit} {
			for _, d := range put(s.data, mode) {
				i := accept(rows, d)
				if i < 0 {
					t.Errorf("a difference that no row accepts: %v", d)
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

// checkRow reports a row that nothing exercises, or that no sentence settles.
func checkRow(t *testing.T, libraries, does, section, says, right string, seen map[string]int) {
	if section == "" || says == "" || !slices.Contains([]string{"ours", "theirs", "both"}, right) {
		t.Errorf("%s %s: section %q, %q, right: %q", libraries, does, section, says, right)
	}
	for _, name := range strings.Fields(libraries) {
		if seen[name] == 0 {
			t.Errorf("no seed shows that %s %s", name, does)
		}
	}
	t.Logf("%v: %s (%s; right: %s)", seen, does, section, right)
}
