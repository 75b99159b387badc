//go:build !linux

package soak

import "net"

// tellsUnacknowledged is whether this system says what has been acknowledged.
const tellsUnacknowledged = false

// unacknowledged is not known here.
func unacknowledged(*net.TCPConn) (n int, ok bool) { return 0, false }
