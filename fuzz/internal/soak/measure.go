package soak

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A snapshot holds figures of the server's process. Sizes are in bytes. A figure that the system does
// not report is 0.
type snapshot struct {
	Heap       int64 // live heap
	RSS        int64 // resident set
	Tables     int64 // the runtime's own data
	Stacks     int64 // stacks of goroutines, in use or kept for new ones
	Goroutines int
	Files      int   // open file descriptors
	CPU        int64 // nanoseconds since the process began
	Stall      int64 // nanoseconds: the longest time for which the machine did not run it

	Open    int64 // connections being served
	In, Out int64 // messages
	Pongs   int64 // answers to keepalive pings
}

// count returns a snapshot without the live heap, at little cost.
func count() snapshot {
	return snapshot{
		RSS: residentSet(), Goroutines: runtime.NumGoroutine(), Files: openFiles(), CPU: cpuTime(),
	}
}

// measure returns a complete snapshot, after three garbage collections. The package comment explains why
// there are three.
//
// Before the collections, it allocates each free page once. The runtime searches for free pages in chunks
// of 4 MiB. After a search without success it skips the chunk until a page there is freed, although it may
// have overlooked free pages. FreeOSMemory would leave these pages resident.
func measure() snapshot {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	takePages(int(m.HeapIdle / pageSize))
	for range 3 {
		runtime.GC()
	}
	debug.FreeOSMemory()
	runtime.ReadMemStats(&m)
	s := count()
	s.Heap, s.Stacks = int64(m.HeapAlloc), int64(m.StackInuse)
	s.Tables = int64(m.MSpanSys + m.MCacheSys + m.BuckHashSys + m.GCSys + m.OtherSys)
	return s
}

// residentSet returns VmRSS in bytes, or 0 on systems other than Linux.
func residentSet() int64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			kib, _ := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			return kib << 10
		}
	}
	return 0
}

// openFiles returns the number of open file descriptors, or 0 if the system does not list them.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files) - 1 // without the descriptor of /proc/self/fd
}
