//go:build !unix

package proc

import "time"

// Own returns the CPU time that this process has used, or -1 if the system does not provide it.
func Own() (time.Duration, error) { return -1, nil }

// MaxFiles returns how many files a process may open.
func MaxFiles() int { return 1 << 14 }
