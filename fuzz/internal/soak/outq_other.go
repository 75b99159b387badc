//go:build !linux

package soak

import "net"

// reportsUnacknowledged reports whether unacknowledged works on this system.
const reportsUnacknowledged = false

// unacknowledged returns false: unknown on this system.
func unacknowledged(*net.TCPConn) (n int, ok bool) { return 0, false }
