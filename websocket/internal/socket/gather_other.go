//go:build !linux || race

// The race detector sees what syscall.Write reads, and that the write happens before the peer's
// read. For the WriteBoth of Linux, it sees neither.

package socket

// Gathers reports whether WriteBoth makes one system call.
const Gathers = false

// WriteBoth is Write for p. The tail needs another call.
func WriteBoth(fd uintptr, p, _ []byte) (n int, again bool, err error) { return Write(fd, p) }
