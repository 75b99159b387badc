//go:build !unix

package soak

import "math"

// raiseFileLimit knows no limit here.
func raiseFileLimit() uint64 { return math.MaxUint64 }

// cpuTime is not known here.
func cpuTime() int64 { return 0 }
