//go:build unix

package proc

import (
	"time"

	"golang.org/x/sys/unix"
)

// Own returns the CPU time that this process has used, or -1 if the system does not provide it.
func Own() (time.Duration, error) {
	var u unix.Rusage
	err := unix.Getrusage(unix.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// MaxFiles returns how many files a process may open. The runtime has raised the limit as far as it may.
func MaxFiles() int {
	var r unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &r); err != nil {
		return 0
	}
	return int(min(r.Cur, 1<<30))
}
