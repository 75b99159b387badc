//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package guard

// New returns n bytes of ordinary memory, because this platform has no mmap.
func New(n int) *Memory { return &Memory{make([]byte, n)} }

// Panic does nothing.
func Panic() (restore func()) { return func() {} }
