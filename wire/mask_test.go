package wire_test

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// Mask agrees with the naive loop for every size, alignment and offset, and changes nothing
// outside its argument.
func TestMask(t *testing.T) {
	key := [4]byte{0x37, 0xfa, 0x21, 0x3d}
	const guard = 32
	plain := make([]byte, guard+300+guard)
	for i := range plain {
		plain[i] = byte(i * 11)
	}
	got, want := make([]byte, len(plain)), make([]byte, len(plain))
	for align := range guard {
		for size := range 301 {
			for offset := range int64(4) {
				copy(got, plain)
				copy(want, plain)
				wire.Mask(got[align:align+size], key, offset)
				naiveMask(want[align:align+size], key, offset)
				if !bytes.Equal(got, want) {
					t.Fatalf("size %d, alignment %d, offset %d: got % x, want % x",
						size, align, offset, got, want)
				}
			}
		}
	}
}

// Large payloads agree too. An implementation may handle them differently.
func TestMaskLarge(t *testing.T) {
	key := [4]byte{1, 0, 0xff, 0x80}
	for _, size := range []int{511, 512, 513, 1 << 10, 4095, 4096, 4097, 1<<16 - 1, 1<<16 + 1,
		1<<17 - 1, 1 << 17, 1<<17 + 1, 1<<18 + 34, 1<<20 + 3} {
		for _, offset := range []int64{0, 1, 2, 3, 1 << 40, 1<<62 + 3} {
			got, want := make([]byte, size), make([]byte, size)
			wire.Mask(got, key, offset)
			naiveMask(want, key, offset)
			if !bytes.Equal(got, want) {
				t.Errorf("size %d, offset %d: result differs from the naive loop", size, offset)
			}
		}
	}
}

func TestMaskKeys(t *testing.T) {
	for _, key := range [][4]byte{{}, {1}, {0, 1}, {0, 0, 1}, {0, 0, 0, 1}, {0xff, 0xff, 0xff, 0xff}} {
		for size := range 200 {
			got, want := make([]byte, size), make([]byte, size)
			wire.Mask(got, key, 3)
			naiveMask(want, key, 3)
			if !bytes.Equal(got, want) {
				t.Errorf("key % x, size %d: got % x", key, size, got)
			}
		}
	}
}

// Masking a payload in pieces gives the same result as masking it whole.
func TestMaskPieces(t *testing.T) {
	key := [4]byte{0xa, 0xb, 0xc, 0xd}
	whole := make([]byte, 257)
	naiveMask(whole, key, 0)
	for step := 1; step < 100; step++ {
		got := make([]byte, len(whole))
		for at := 0; at < len(got); at += step {
			wire.Mask(got[at:min(at+step, len(got))], key, int64(at))
		}
		if !bytes.Equal(got, whole) {
			t.Errorf("in steps of %d: got % x", step, got)
		}
	}
}
