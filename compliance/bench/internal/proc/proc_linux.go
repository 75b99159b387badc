package proc

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// CPUTime returns the CPU time that a process has used.
func CPUTime(pid int) (time.Duration, error) {
	const sched = 2 // CPUCLOCK_SCHED of the kernel; the result is exact to the nanosecond
	var ts unix.Timespec
	if err := unix.ClockGettime(int32(^pid<<3|sched), &ts); err != nil {
		return 0, fmt.Errorf("CPU time of process %d: %w", pid, err)
	}
	return time.Duration(ts.Nano()), nil
}

// Calls returns the number of system calls of a process that read or write, such as read(2) and writev(2), but
// not recvmsg(2).
func Calls(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/io", pid))
	if err != nil {
		return 0, err
	}
	r, err := field(b, "syscr:")
	if err != nil {
		return 0, err
	}
	w, err := field(b, "syscw:")
	return r + w, err
}

// Memory returns the resident memory of a process in bytes. It is exact, unlike that of /proc/PID/statm.
func Memory(pid int) (int64, error) {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
	if err != nil {
		return 0, err
	}
	kb, err := field(b, "Rss:")
	return kb << 10, err
}

// Slab returns how many bytes the kernel has allocated for its objects, such as sockets.
func Slab() (int64, error) {
	b, err := os.ReadFile("/proc/meminfo")
	if err != nil {
		return 0, err
	}
	kb, err := field(b, "Slab:")
	return kb << 10, err
}

// field returns the number after a name at the beginning of a line.
func field(b []byte, name string) (int64, error) {
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		if rest, found := bytes.CutPrefix(s.Bytes(), []byte(name)); found {
			first, _, _ := bytes.Cut(bytes.TrimSpace(rest), []byte(" "))
			return strconv.ParseInt(string(first), 10, 64)
		}
	}
	return 0, fmt.Errorf("no field %q", name)
}

// Pin divides the processors: this process has all but the last from now on, and the processes that start
// starts have the last. If there is only one processor, start is called as it is.
func Pin() (start func(func() error) error, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, err
	}
	mine, theirs := all, unix.CPUSet{}
	for cpu := range 8 * len(all) * 8 {
		if all.IsSet(cpu) {
			theirs = unix.CPUSet{}
			theirs.Set(cpu)
		}
	}
	for cpu := range 8 * len(all) * 8 {
		if theirs.IsSet(cpu) {
			mine.Clear(cpu)
		}
	}
	if mine.Count() == 0 {
		return func(f func() error) error { return f() }, nil
	}
	if err := pinThreads(&mine); err != nil {
		return nil, err
	}
	return func(f func() error) error {
		// A child has the processors of the thread that starts it.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		if err := unix.SchedSetaffinity(0, &theirs); err != nil {
			return err
		}
		defer unix.SchedSetaffinity(0, &mine)
		return f()
	}, nil
}

// pinThreads sets the processors of all threads of this process.
func pinThreads(set *unix.CPUSet) error {
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		return err
	}
	for _, t := range threads {
		if tid, err := strconv.Atoi(t.Name()); err == nil {
			if err := unix.SchedSetaffinity(tid, set); err != nil && !errors.Is(err, unix.ESRCH) { // it may have ended
				return err
			}
		}
	}
	return nil
}
