package wire_test

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// headerLengths are the lengths at which the form of a header changes, their neighbors, and
// some in between.
var headerLengths = []int64{
	0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 1000, 65534, 65535, 65536, 65537, 1 << 20,
	1<<31 - 1, 1 << 31, 1 << 32, 1 << 40, 1<<62 + 3, 1<<63 - 1,
}

// headers calls f with headers of these lengths, with every first byte, masked and unmasked.
func headers(f func(wire.Header)) {
	for _, length := range headerLengths {
		for first := range 256 {
			h := wire.Header{
				Fin: first&0x80 != 0, RSV: byte(first>>4) & 7, Opcode: wire.Opcode(first & 15),
				Length: length,
			}
			f(h)
			h.Masked, h.Key = true, [4]byte{byte(first), 0x80, byte(length), 0xff}
			f(h)
		}
	}
}

// ConsumeHeader parses what AppendHeader appends, and nothing beyond it.
func TestHeaderRoundTrip(t *testing.T) {
	longest := 0
	headers(func(h wire.Header) {
		b := wire.AppendHeader([]byte("before"), h)
		size := len(b) - len("before")
		if size != h.Size() {
			t.Fatalf("%+v: %d bytes, Size says %d", h, size, h.Size())
		}
		longest = max(longest, size)
		if !bytes.HasPrefix(b, []byte("before")) {
			t.Fatalf("%+v: dst was overwritten", h)
		}
		b = append(b, "after"...)
		for _, b := range [][]byte{b[len("before"):], b[len("before") : len("before")+size]} {
			if got, n, err := wire.ConsumeHeader(b); got != h || n != size || err != nil {
				t.Fatalf("%+v was parsed as %+v, %d, %v", h, got, n, err)
			}
		}
	})
	if longest != wire.MaxHeaderSize {
		t.Errorf("the longest header has %d bytes, want %d", longest, wire.MaxHeaderSize)
	}
}

func TestConsumeHeaderTruncated(t *testing.T) {
	headers(func(h wire.Header) {
		b := wire.AppendHeader(nil, h)
		for i := range b {
			got, n, err := wire.ConsumeHeader(b[:i:i])
			if err != io.ErrUnexpectedEOF || n != 0 || got != (wire.Header{}) {
				t.Fatalf("%d of %d bytes of %+v: %+v, %d, %v", i, len(b), h, got, n, err)
			}
		}
	})
}

// An invalid length is refused as soon as it is complete, before the masking key.
func TestConsumeHeaderLength(t *testing.T) {
	tests := []struct {
		bytes string
		want  wire.Violation
	}{
		{"\x82\x7e\x00\x00", wire.ErrLengthNotMinimal},
		{"\x82\x7e\x00\x7d", wire.ErrLengthNotMinimal},
		{"\x82\x7e\x00\x7e", 0},
		{"\x82\x7e\xff\xff", 0},
		{"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x00", wire.ErrLengthNotMinimal},
		{"\x82\x7f\x00\x00\x00\x00\x00\x00\x00\x7e", wire.ErrLengthNotMinimal},
		{"\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff", wire.ErrLengthNotMinimal},
		{"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00", 0},
		{"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", 0},
		{"\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00", wire.ErrLengthTopBit},
		{"\x82\x7f\x80\x00\x00\x00\x00\x01\x00\x00", wire.ErrLengthTopBit},
		{"\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff", wire.ErrLengthTopBit},
	}
	for _, tt := range tests {
		for _, masked := range []bool{false, true} {
			b := []byte(tt.bytes)
			if masked {
				b[1] |= 0x80
				b = append(b, "key!"...)
			}
			for i := range len(b) + 1 {
				h, n, err := wire.ConsumeHeader(b[:i:i])
				want := wire.Error{Violation: tt.want, Offset: int64(len(tt.bytes)) - 1}
				var e *wire.Error
				switch {
				case i >= len(tt.bytes) && tt.want != 0:
					if !errors.As(err, &e) || *e != want {
						t.Errorf("% x: %v, want %v", b[:i], err, tt.want)
					}
				case i < len(b):
					if err != io.ErrUnexpectedEOF {
						t.Errorf("% x: %v, want io.ErrUnexpectedEOF", b[:i], err)
					}
				case err != nil:
					t.Errorf("% x: %v", b, err)
				}
				if err != nil && (n != 0 || h != wire.Header{}) {
					t.Errorf("% x: %+v, %d with the error %v, want zeros", b[:i], h, n, err)
				}
			}
		}
	}
}

// AppendHeader ignores bits that do not fit their fields.
func TestAppendHeaderMasksFields(t *testing.T) {
	got := wire.AppendHeader(nil, wire.Header{RSV: 0xff, Opcode: 0xf2, Key: [4]byte{1, 2, 3, 4}, Length: 5})
	if want := []byte{0x72, 0x05}; !bytes.Equal(got, want) {
		t.Errorf("got % x, want % x", got, want)
	}
}

func TestAppendHeaderPanics(t *testing.T) {
	for _, length := range []int64{-1, -1 << 63} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("no panic for a length of %d", length)
				}
			}()
			wire.AppendHeader(nil, wire.Header{Length: length})
		}()
	}
}
