package deflate_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/deflate"
)

// A reference beyond the agreed window is an error also within a message. Wherever a
// message is cut, also in the middle of that reference, it is the same error: what a
// connection keeps between calls is its window and no more.
func TestDecodeReferenceBeyondWindowWithinMessage(t *testing.T) {
	text := strings.Repeat("0123456789abcdef", 100)
	for _, tt := range []struct {
		bits     int
		distance uint
		ok       bool
	}{
		{9, 512, true},
		{8, 512, true}, // senders that are told 256 use 512
		{9, 1024, false},
		{10, 1024, true},
		{8, 1024, false},
	} {
		z := new(crafter).fixed(0).literals(text).match3(tt.distance).end().message()
		for _, f := range []feeding{{}, {most: len(text) + 1}, {most: len(text) + 2}, {piece: 1}, {most: 1}, {piece: 700, most: 600}} {
			s, _ := both(t, tt.bits, false)
			got, err := decode(t, s, z, f)
			if tt.ok && (err != nil || string(got) != text+text[:3]) {
				t.Errorf("%d bits, distance %d, %v: %d bytes, %v", tt.bits, tt.distance, f, len(got), err)
			}
			var e *deflate.Error
			if !tt.ok && (!errors.As(err, &e) || errors.Is(err, io.ErrUnexpectedEOF) || e.Offset != int64(len(text)) || string(got) != text) {
				t.Errorf("%d bits, distance %d, %v: %d bytes, %v", tt.bits, tt.distance, f, len(got), err)
			}
		}
	}
}
