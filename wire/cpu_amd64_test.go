//go:build linux && !purego && !tinygo

package wire

import (
	"os"
	"strings"
	"testing"
)

// The vectors are used if and only if Linux lists AVX2. A mistake would make wire slow, or
// would make it crash, but no other test would notice.
func TestUseVectors(t *testing.T) {
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
