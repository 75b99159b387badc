//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package guard

import (
	"os"
	"runtime/debug"
	"syscall"
)

// New returns memory for at least n bytes. It is never freed.
func New(n int) *Memory {
	page := os.Getpagesize()
	n = (n + page - 1) / page * page
	all, err := syscall.Mmap(-1, 0, n+2*page, syscall.PROT_READ|syscall.PROT_WRITE,
		syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil {
		panic(err)
	}
	for _, outside := range [][]byte{all[:page], all[page+n:]} {
		if err := syscall.Mprotect(outside, syscall.PROT_NONE); err != nil {
			panic(err)
		}
	}
	return &Memory{all[page : page+n : page+n]}
}

// Panic turns memory faults of this goroutine into panics, which fail a test instead of ending the
// process. The result restores the setting.
func Panic() (restore func()) {
	old := debug.SetPanicOnFault(true)
	return func() { debug.SetPanicOnFault(old) }
}
