//go:build !linux && !darwin

package websocket

// sysQueue returns -1: the system does not tell what a socket has yet to send.
func sysQueue(uintptr) int { return -1 }
