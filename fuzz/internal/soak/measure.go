package soak

import (
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
)

// A snapshot is the server's process at one moment. Sizes are in bytes; what the
// system does not tell is 0.
type snapshot struct {
	Heap       int64 // live heap
	RSS        int64 // resident set
	Tables     int64 // of the runtime: what it has for its own books
	Stacks     int64 // of goroutines, and what is kept for the next ones
	Goroutines int
	Files      int   // open file descriptors
	CPU        int64 // nanoseconds since the process began
	Stall      int64 // nanoseconds: the longest that the machine let it wait

	Open              int64 // connections being served
	In, Out           int64 // messages
	BytesIn, BytesOut int64 // payload of them
}

// count is a Snapshot without the live heap, which costs next to nothing.
func count() snapshot {
	return snapshot{RSS: residentSet(), Goroutines: runtime.NumGoroutine(), Files: openFiles(), CPU: cpuTime()}
}

// measure is a whole Snapshot, after the garbage has gone. The package comment says
// why it collects three times.
//
// It takes each free page once before that. The runtime does not look for free pages
// where it has found none, 4 MiB at a time, until one is freed there; and it may have
// overlooked some. FreeOSMemory then leaves them resident.
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

// residentSet is VmRSS, which only Linux has.
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

// openFiles counts the process's descriptors, where the system lists them.
func openFiles() int {
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(files) - 1 // one is that of the listing
}
