//go:build !purego && !tinygo && !race

package wire

import (
	"os"
	"runtime"
	"strings"
	"testing"
)

// AVX2 needs the processor's flags and the operating system's. XGETBV is an invalid
// instruction without OSXSAVE.
func TestHasAVX2(t *testing.T) {
	const osxsave, avx, avx2 = 1 << 27, 1 << 28, 1 << 5
	for _, tt := range []struct {
		leaves, ecx, xcr0, ebx uint32
		want                   bool
	}{
		{7, osxsave | avx, 6, avx2, true},
		{32, ^uint32(0), 0xe7, ^uint32(0), true},
		{6, osxsave | avx, 6, avx2, false},
		{7, ^uint32(osxsave), 6, avx2, false},
		{7, ^uint32(avx), 6, avx2, false},
		{7, osxsave | avx, 3, avx2, false},
		{7, osxsave | avx, 5, avx2, false},
		{7, osxsave | avx, 6, ^uint32(avx2), false},
	} {
		cpuid := func(leaf, subleaf uint32) (eax, ebx, ecx uint32) {
			if subleaf != 0 || leaf > tt.leaves {
				t.Fatalf("%+v: CPUID of leaf %d, subleaf %d", tt, leaf, subleaf)
			}
			switch leaf {
			case 0:
				return tt.leaves, 0, 0
			case 1:
				return 0, 0, tt.ecx
			case 7:
				return 0, tt.ebx, 0
			}
			return ^uint32(0), ^uint32(0), ^uint32(0)
		}
		xgetbv := func() uint32 {
			if tt.ecx&osxsave == 0 {
				t.Fatalf("%+v: XGETBV without OSXSAVE", tt)
			}
			return tt.xcr0
		}
		if got := hasAVX2(cpuid, xgetbv); got != tt.want {
			t.Errorf("%+v: hasAVX2 returns %v", tt, got)
		}
	}
}

// The vectors are used if and only if Linux lists AVX2. A mistake would make wire slow, or
// would make it crash, but no other test would notice.
func TestUseVectors(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("there is no list")
	}
	info, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		t.Skip(err)
	}
	_, flags, found := strings.Cut(string(info), "\nflags\t")
	if !found {
		t.Skip("/proc/cpuinfo lists no flags")
	}
	flags, _, _ = strings.Cut(flags, "\n")
	if want := strings.Contains(flags+" ", " avx2 "); useVectors != want {
		t.Errorf("useVectors is %v, want %v: %s", useVectors, want, flags)
	}
}
