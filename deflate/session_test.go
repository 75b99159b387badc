package deflate_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

func TestThreshold(t *testing.T) {
	for _, row := range []struct {
		threshold int
		info      wire.MessageInfo
		plain     bool
	}{
		{0, wire.MessageInfo{Size: 0}, true},
		{0, wire.MessageInfo{Size: deflate.DefaultThreshold - 1}, true},
		{0, wire.MessageInfo{Size: deflate.DefaultThreshold}, false},
		{0, wire.MessageInfo{Size: deflate.DefaultThreshold, Plain: true}, true},
		{0, wire.MessageInfo{Size: -1}, false},
		{0, wire.MessageInfo{Size: -1, Plain: true}, true},
		{1000, wire.MessageInfo{Size: 999}, true},
		{1000, wire.MessageInfo{Size: 1000, Text: true}, false},
		{-1, wire.MessageInfo{Size: 0}, false},
	} {
		s, _ := agree(t, &deflate.Options{Threshold: row.threshold}, nil)
		if got := s.Encode(row.info) == nil; got != row.plain {
			t.Errorf("threshold %d, %+v: plain is %v, want %v", row.threshold, row.info, got, row.plain)
		}
	}
}

// Uncompressed messages change the state of neither side.
func TestPlainMessagesBetween(t *testing.T) {
	s, c := agree(t, nil, nil)
	rnd := rand.New(rand.NewPCG(1, 1))
	for range messages(200) {
		p := jsonMessage(rnd, rnd.IntN(300))
		enc := s.Encode(wire.MessageInfo{Size: int64(len(p)), Plain: rnd.IntN(3) == 0})
		if enc == nil {
			continue
		}
		z, err := enc.Append(nil, p, true)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decode(t, c, z, feeding{piece: rnd.IntN(3) * 20}); err != nil || !bytes.Equal(got, p) {
			t.Fatalf("%q, %v", got, err)
		}
	}
}

// Release and Close may be called in any state, and more than once. Compressors and inflaters
// that they return to the pools are usable.
func TestReleaseAndCloseInEveryState(t *testing.T) {
	states := []struct {
		name string
		src  []byte
		fin  bool
		most int
	}{
		{"new", nil, false, 0}, // Append is not called
		{"whole message read", hello, true, 100},
		{"whole message held back by max", hello, true, 2},
		{"fragment read", hello[:3], false, 100},
		{"fragment held back by max", zeros(1000)[:100], false, 100},
		{"nothing read", nil, false, 100},
		{"after a final block", new(crafter).stored(1, "Hello").out, false, 100},
		{"invalid message", []byte{6}, true, 100},
		{"invalid fragment", []byte{6}, false, 100},
	}
	for _, noTakeover := range []bool{false, true} {
		o := &deflate.Options{NoContextTakeover: noTakeover, Threshold: -1}
		e := deflate.MustNew(o)
		for _, state := range states {
			for _, how := range []string{
				"Release", "Close", "Release, Close", "Close, Release", "Close, Close",
			} {
				_, s := accept(t, e, "permessage-deflate; client_max_window_bits")
				dec := decoder(s)
				if state.name != "new" {
					_, _, _, _ = dec.Append(nil, state.src, state.fin, state.most)
				}
				_, _ = s.Encode(wire.MessageInfo{Size: -1}).Append(nil, []byte("an open message"), false)
				for step := range strings.SplitSeq(how, ", ") {
					if step == "Release" {
						dec.Release()
					} else if err := s.(io.Closer).Close(); err != nil {
						t.Error(err)
					}
				}
				// The next connections get the compressor and the inflater of this one.
				_, one := accept(t, e, "permessage-deflate; client_max_window_bits")
				_, two := accept(t, e, "permessage-deflate; client_max_window_bits")
				if err := interleave(one, two); err != nil {
					t.Errorf("%s, %s: %v", state.name, how, err)
				}
			}
		}
	}
}

// interleave encodes and decodes a message on each of two sessions, in turns.
func interleave(one, two wire.Session) error {
	var z, got [2][]byte
	var encoders [2]wire.MessageEncoder
	var decoders [2]wire.MessageDecoder
	for round := range 3 {
		for i, s := range []wire.Session{one, two} {
			part := bytes.Repeat([]byte{byte('a' + i), byte('0' + round)}, 100)
			if round == 0 {
				encoders[i], decoders[i] = s.Encode(wire.MessageInfo{Size: -1}), decoder(s)
			}
			var err error
			if z[i], err = encoders[i].Append(z[i], part, round == 2); err != nil {
				return err
			}
			block := new(crafter).stored(0, string(part)).out
			if got[i], _, _, err = decoders[i].Append(got[i], block, round == 2, 1000); err != nil {
				return err
			}
		}
	}
	for i := range decoders {
		decoders[i].Release()
		w := strict{size: 1 << 15}
		if sent, err := w.message(z[i]); err != nil || !bytes.Equal(sent, got[i]) {
			return fmt.Errorf("session %d: sent %q, %v, received %q", i, sent, err, got[i])
		}
	}
	return nil
}

func decoder(s wire.Session) wire.MessageDecoder {
	d, _ := s.Decode(wire.RSV1)
	return d
}
