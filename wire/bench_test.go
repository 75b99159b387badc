package wire_test

import (
	"fmt"
	"testing"
	"unicode/utf8"

	"github.com/hawser-ws/hawser/wire"
)

var benchHeaders = []struct {
	name string
	h    wire.Header
}{
	{"small", wire.Header{Fin: true, Opcode: wire.OpText, Length: 100}},
	{"smallmasked", wire.Header{Fin: true, Opcode: wire.OpText, Length: 100, Masked: true, Key: benchKey}},
	{"16bitmasked", wire.Header{Fin: true, Opcode: wire.OpText, Length: 1000, Masked: true, Key: benchKey}},
	{"64bitmasked", wire.Header{Fin: true, Opcode: wire.OpText, Length: 100000, Masked: true, Key: benchKey}},
}

var benchKey = [4]byte{1, 2, 3, 4}

func BenchmarkConsumeHeader(b *testing.B) {
	for _, bb := range benchHeaders {
		b.Run(bb.name, func(b *testing.B) {
			head := wire.AppendHeader(nil, bb.h)
			for b.Loop() {
				if _, _, err := wire.ConsumeHeader(head); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkAppendHeader(b *testing.B) {
	for _, bb := range benchHeaders {
		b.Run(bb.name, func(b *testing.B) {
			buf := make([]byte, 0, wire.MaxHeaderSize)
			for b.Loop() {
				wire.AppendHeader(buf, bb.h)
			}
		})
	}
}

func BenchmarkMask(b *testing.B) {
	for _, size := range []int{4, 16, 33, 64, 125, 256, 1 << 10, 4 << 10, 64 << 10, 1 << 20} {
		for _, offset := range []int64{0, 3} {
			b.Run(fmt.Sprintf("%d/offset%d", size, offset), func(b *testing.B) {
				buf := make([]byte, size)
				b.SetBytes(int64(size))
				for b.Loop() {
					wire.Mask(buf, benchKey, offset)
				}
			})
		}
	}
}

// BenchmarkUTF8 compares UTF8 with unicode/utf8, which can check only whole texts.
func BenchmarkUTF8(b *testing.B) {
	for _, size := range []int{16, 64, 125, 1 << 10, 4 << 10, 64 << 10} {
		all := samples(size)
		for _, name := range []string{"ascii", "mostlyascii", "2byte", "3byte", "4byte", "mixed"} {
			text := all[name]
			b.Run(fmt.Sprintf("%s/%d/wire", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					var u wire.UTF8
					if _, ok := u.Check(text); !ok {
						b.Fatal("invalid")
					}
				}
			})
			b.Run(fmt.Sprintf("%s/%d/std", name, size), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					if !utf8.Valid(text) {
						b.Fatal("invalid")
					}
				}
			})
		}
	}
}

// BenchmarkDecoder decodes streams as a server. The masking key is zero, so that unmasking
// does not change the stream between rounds and costs nothing. BenchmarkMask measures that
// cost.
func BenchmarkDecoder(b *testing.B) {
	for _, bb := range []struct {
		name      string
		fragments int
		size      int
		op        wire.Opcode
	}{
		{"small", 1, 16, wire.OpBinary},
		{"smalltext", 1, 16, wire.OpText},
		{"125", 1, 125, wire.OpBinary},
		{"fragmented", 16, 64, wire.OpBinary},
		{"large", 1, 64 << 10, wire.OpBinary},
		{"largetext", 1, 64 << 10, wire.OpText},
	} {
		e := wire.Encoder{Role: wire.Client}
		var stream []byte
		for i := range bb.fragments {
			h := wire.Header{Opcode: bb.op, Fin: i == bb.fragments-1}
			if i > 0 {
				h.Opcode = wire.OpContinuation
			}
			var err error
			if stream, err = e.AppendFrame(stream, h, make([]byte, bb.size)); err != nil {
				b.Fatal(err)
			}
		}
		for _, chunk := range []int{len(stream), 10} {
			name := bb.name
			if chunk < len(stream) {
				if bb.size > 1000 {
					continue
				}
				name += "/chopped"
			}
			b.Run(name, func(b *testing.B) {
				var d wire.Decoder
				b.SetBytes(int64(len(stream)))
				for b.Loop() {
					for at := 0; at < len(stream); at += chunk {
						for p := stream[at:min(at+chunk, len(stream))]; len(p) > 0; {
							_, n, err := d.Next(p)
							if err != nil {
								b.Fatal(err)
							}
							p = p[n:]
						}
					}
				}
			})
		}
	}
}

// BenchmarkDecoderText decodes one masked text message as a server. The stream is copied
// first, because the decoder unmasks it in place.
func BenchmarkDecoderText(b *testing.B) {
	for _, size := range []int{125, 1 << 10, 64 << 10} {
		all := samples(size)
		for _, name := range []string{"ascii", "mostlyascii", "2byte", "3byte", "4byte", "mixed"} {
			e := wire.Encoder{Role: wire.Client}
			stream, err := e.AppendFrame(nil, wire.Header{Fin: true, Opcode: wire.OpText, Key: benchKey}, all[name])
			if err != nil {
				b.Fatal(err)
			}
			b.Run(fmt.Sprintf("%s/%d", name, size), func(b *testing.B) {
				var d wire.Decoder
				buf := make([]byte, len(stream))
				b.SetBytes(int64(len(stream)))
				for b.Loop() {
					copy(buf, stream)
					if _, _, err := d.Next(buf); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkEncoder(b *testing.B) {
	for _, role := range []wire.Role{wire.Server, wire.Client} {
		for _, size := range []int{16, 125, 1 << 10, 64 << 10} {
			b.Run(fmt.Sprintf("%v/%d", role, size), func(b *testing.B) {
				e := wire.Encoder{Role: role}
				h := wire.Header{Fin: true, Opcode: wire.OpBinary, Key: benchKey}
				payload := make([]byte, size)
				buf := make([]byte, 0, size+wire.MaxHeaderSize)
				b.SetBytes(int64(size))
				for b.Loop() {
					if _, err := e.AppendFrame(buf, h, payload); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkParseExtensions(b *testing.B) {
	values := []string{"permessage-deflate; client_max_window_bits"}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := wire.ParseExtensions(values); err != nil {
			b.Fatal(err)
		}
	}
}
