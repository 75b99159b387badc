package fuzz

import (
	"bytes"
	"errors"
	"io"
	"testing"

	"github.com/hawser-ws/hawser/fuzz/internal/model"
	"github.com/hawser-ws/hawser/fuzz/internal/reading"
	"github.com/hawser-ws/hawser/wire"
)

// FuzzHeader parses every prefix of a header, and compares the result with the model.
// Encoding an accepted header must give the same bytes. Then FuzzHeader encodes a header made
// of the other arguments, and parses it.
func FuzzHeader(f *testing.F) {
	for _, b := range []string{
		"\x81\x05Hello", "\x81\x85\x37\xfa\x21\x3dtext", "\x82\x7e\x01\x00",
		"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00",
		"\xf3\xfe\x00\x7d\x01\x02\x03\x04", "\x00\x7e\x00\x7e", "\x00\x7f\x00\x00\x00\x00\x00\x00\xff\xff",
		"\x09\xff\x80\x00\x00\x00\x00\x00\x00\x00\x01\x02\x03\x04",
		"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff", "\x8a", "",
	} {
		f.Add([]byte(b), uint64(len(b)), uint32(0x9a<<24))
	}
	f.Add([]byte{0x82, 0}, uint64(125), uint32(1))
	f.Add([]byte{0x82, 0}, uint64(126), uint32(1<<31))
	f.Add([]byte{0x82, 0}, uint64(65535), uint32(1<<8))
	f.Add([]byte{0x82, 0}, uint64(65536), uint32(0))
	f.Add([]byte{0x82, 0}, uint64(1<<63-1), uint32(0x0a0b0c0d))
	f.Fuzz(func(t *testing.T, b []byte, length uint64, bits uint32) {
		b = b[:min(len(b), wire.MaxHeaderSize+2)]
		for n := range len(b) + 1 {
			parseHeader(t, b[:n])
		}
		writeHeader(t, wire.Header{
			Fin: bits&1 != 0, RSV: byte(bits >> 1 & 7), Opcode: wire.Opcode(bits >> 4 & 15),
			Masked: bits>>8&1 != 0,
			Key:    [4]byte{byte(bits >> 9), byte(bits >> 15), byte(bits >> 20), byte(bits >> 24)},
			Length: int64(length &^ (1 << 63)),
		})
	})
}

func parseHeader(t *testing.T, b []byte) {
	was := bytes.Clone(b)
	h, n, err := wire.ConsumeHeader(b)
	if !bytes.Equal(b, was) {
		t.Fatalf("ConsumeHeader changed % x to % x", was, b)
	}
	m := model.ParseHead(b)
	if faults := m.LengthFaults(); len(faults) > 0 {
		var e *wire.Error
		if want := reading.Error(&faults[0]); !errors.As(err, &e) || *e != *want || n != 0 ||
			h != (wire.Header{}) {
			t.Fatalf("% x: %+v, %d, %#v, want %#v", b, h, n, err, want)
		}
		return
	}
	if !m.Whole {
		if err != io.ErrUnexpectedEOF || n != 0 || h != (wire.Header{}) {
			t.Fatalf("% x: %+v, %d, %v, want io.ErrUnexpectedEOF", b, h, n, err)
		}
		return
	}
	if err != nil || n != m.Size || h != reading.Header(m) || h.Size() != n {
		t.Fatalf("% x: %+v (size %d), %d, %v, want %+v", b, h, h.Size(), n, err, m)
	}
	if back := wire.AppendHeader([]byte("before"), h); string(back) != "before"+string(b[:n]) {
		t.Fatalf("AppendHeader wrote % x as % x", b[:n], back)
	}
}

// writeHeader encodes h and parses the result, which must be h, but without the key if h is
// not masked.
func writeHeader(t *testing.T, h wire.Header) {
	b := wire.AppendHeader(nil, h)
	if len(b) != h.Size() || len(b) > wire.MaxHeaderSize {
		t.Fatalf("%+v: % x, but Size is %d", h, b, h.Size())
	}
	if !h.Masked {
		h.Key = [4]byte{}
	}
	m := model.ParseHead(b)
	if faults := m.LengthFaults(); len(faults) > 0 || !m.Whole || m.Size != len(b) || reading.Header(m) != h {
		t.Fatalf("%+v: the model reads % x as %+v with %v", h, b, m, faults)
	}
	if got, n, err := wire.ConsumeHeader(append(b, 0xff)); err != nil || n != len(b) || got != h {
		t.Fatalf("%+v: ConsumeHeader reads % x as %+v, %d, %v", h, b, got, n, err)
	}
}
