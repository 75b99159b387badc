//go:build !linux || race

// The race detector does not see what WriteBoth of Linux reads, nor that it happens before the peer
// reads it, as it sees with syscall.Write.

package socket

// Gathers reports whether WriteBoth makes one system call.
const Gathers = false

// WriteBoth is Write for p. The tail needs another call.
func WriteBoth(fd uintptr, p, _ []byte) (n int, again bool, err error) { return Write(fd, p) }
