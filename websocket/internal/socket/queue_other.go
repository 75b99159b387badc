//go:build !linux && !darwin

package socket

// queued returns -1: the system does not report what a socket has not sent.
func queued(uintptr) int { return -1 }
