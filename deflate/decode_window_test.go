package deflate_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/wire"
)

// A reference beyond the agreed window is an error even within a message. The error is the
// same wherever the message is cut, even within that reference.
func TestDecodeReferenceBeyondWindowWithinMessage(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100)
	for _, tt := range []struct {
		bits     int
		distance uint
		ok       bool
	}{
		{9, 512, true},
		{8, 512, true}, // zlib uses 512 bytes instead of 256
		{9, 1024, false},
		{10, 1024, true},
		{8, 1024, false},
	} {
		z := new(crafter).fixed(0).literals(text).match3(tt.distance).end().message()
		for _, f := range []feeding{
			{}, {most: len(text) + 1}, {most: len(text) + 2}, {piece: 1}, {most: 1}, {piece: 700, most: 600},
		} {
			s, _ := both(t, tt.bits, false)
			got, err := decode(t, s, z, f)
			if tt.ok && (err != nil || string(got) != text+text[:3]) {
				t.Errorf("%d bits, distance %d, %v: %d bytes, %v", tt.bits, tt.distance, f, len(got), err)
			}
			var e *deflate.Error
			if !tt.ok && (!errors.As(err, &e) || errors.Is(err, io.ErrUnexpectedEOF) ||
				e.Offset != int64(len(text)) || string(got) != text) {
				t.Errorf("%d bits, distance %d, %v: %d bytes, %v", tt.bits, tt.distance, f, len(got), err)
			}
		}
	}
}

// A reference may reach back exactly as far as the agreed window.
func TestDecodeReachesTheEndOfItsWindow(t *testing.T) {
	for bits := 8; bits <= 15; bits++ {
		s, _ := both(t, bits, false)
		rnd := rand.New(rand.NewPCG(1, uint64(bits)))
		first := make([]byte, 1<<bits)
		for i := range first {
			first[i] = byte(rnd.Uint32())
		}
		got, err := decode(t, s, new(crafter).stored(0, string(first)).message(), feeding{piece: 1000})
		if err != nil || !bytes.Equal(got, first) {
			t.Fatal(bits, err)
		}
		got, err = decode(t, s, new(crafter).fixed(0).match3(1<<bits).end().message(), feeding{})
		if err != nil || !bytes.Equal(got, first[:3]) {
			t.Errorf("%d: %x, want %x, %v", bits, got, first[:3], err)
		}
	}
}

// A reference beyond the agreed window is an error for servers and clients. A window of 256
// bytes counts as one of 512.
func TestWindowIsNoLarger(t *testing.T) {
	for bits := 8; bits < 15; bits++ {
		client := deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: bits})
		c, err := confirm(t, client, fmt.Sprintf("permessage-deflate; server_max_window_bits=%d", bits))
		if err != nil {
			t.Fatal(err)
		}
		server := deflate.MustNew(&deflate.Options{MaxReceiveWindowBits: bits})
		answer, s := accept(t, server, "permessage-deflate; client_max_window_bits")
		if !strings.Contains(answer, fmt.Sprintf("client_max_window_bits=%d", bits)) {
			t.Fatal(answer)
		}
		held := max(bits, 9)
		for side, s := range map[string]wire.Session{"server's": c, "client's": s} {
			first := strings.Repeat("0123456789abcdef", 4<<held/16)
			for range 2 {
				z := new(crafter).stored(0, first[:1<<held]).message()
				if _, err := decode(t, s, z, feeding{}); err != nil {
					t.Fatal(err)
				}
			}
			got, err := decode(t, s, new(crafter).fixed(0).match3(1<<held).end().message(), feeding{})
			if err != nil || len(got) != 3 {
				t.Errorf("%s window of %d bits: distance %d: %q, %v", side, bits, 1<<held, got, err)
			}
			var e *deflate.Error
			got, err = decode(t, s, new(crafter).fixed(0).match3(2<<held).end().message(), feeding{})
			if bits < 14 && (!errors.As(err, &e) || len(got) > 0) { // the largest distance is 32 KiB
				t.Errorf("%s window of %d bits: distance %d: %q, %v", side, bits, 2<<held, got, err)
			}
		}
	}
}
