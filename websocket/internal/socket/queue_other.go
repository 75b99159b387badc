//go:build !linux && !darwin

package socket

// queued returns -1: the system does not tell what a socket has yet to send.
func queued(uintptr) int { return -1 }
