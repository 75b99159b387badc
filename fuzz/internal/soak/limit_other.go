//go:build !unix

package soak

import "math"

// raiseFileLimit reports no limit.
func raiseFileLimit() uint64 { return math.MaxUint64 }

// cpuTime returns 0: unknown on this system.
func cpuTime() int64 { return 0 }
