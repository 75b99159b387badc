//go:build !purego && !tinygo && !race

package wire

// useVectors reports whether the assembly can be used.
var useVectors = hasAVX2(cpuid, xgetbv)

// hasAVX2 reports whether the processor has AVX2 and the operating system saves its registers.
func hasAVX2(cpuid func(leaf, subleaf uint32) (eax, ebx, ecx uint32), xgetbv func() uint32) bool {
	const (
		osxsave = 1 << 27 // leaf 1, ECX: XGETBV may be used
		avx     = 1 << 28 // leaf 1, ECX
		avx2    = 1 << 5  // leaf 7, EBX
		ymm     = 6       // XCR0: both halves of the registers
	)
	if leaves, _, _ := cpuid(0, 0); leaves < 7 {
		return false
	}
	if _, _, ecx := cpuid(1, 0); ecx&(osxsave|avx) != osxsave|avx || xgetbv()&ymm != ymm {
		return false
	}
	_, ebx, _ := cpuid(7, 0)
	return ebx&avx2 != 0
}

// cpuid executes the instruction CPUID.
//
//go:noescape
func cpuid(leaf, subleaf uint32) (eax, ebx, ecx uint32)

// xgetbv returns the low half of the register XCR0.
//
//go:noescape
func xgetbv() uint32
