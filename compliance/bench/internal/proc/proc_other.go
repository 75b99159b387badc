//go:build !linux

package proc

import (
	"runtime"
	"time"
)

// CPUTime returns the CPU time that a process has used.
func CPUTime(pid int) (time.Duration, error) { return 0, ErrUnsupported }

// Calls returns the number of system calls of a process that read or write.
func Calls(pid int) (int64, error) { return 0, ErrUnsupported }

// Memory returns the resident memory of a process in bytes.
func Memory(pid int) (int64, error) { return 0, ErrUnsupported }

// Slab returns how many bytes the kernel has allocated for its objects.
func Slab() (int64, error) { return 0, ErrUnsupported }

// Machine returns the model of the processor and the version of the kernel.
func Machine() (cpu, kernel string) { return runtime.GOARCH, runtime.GOOS }

// Pin returns a function that calls another one: this system has no way to bind processes to processors.
func Pin() (start func(func() error) error, err error) {
	return func(f func() error) error { return f() }, nil
}
