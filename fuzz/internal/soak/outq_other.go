//go:build !linux

package soak

import "net"

// tellsUnacknowledged reports whether unacknowledged works on this system.
const tellsUnacknowledged = false

// unacknowledged returns false: unknown on this system.
func unacknowledged(*net.TCPConn) (n int, ok bool) { return 0, false }
