//go:build race

package compressed

// raceEnabled reports whether the race detector is on. The race detector makes sync.Pool drop a quarter of
// its items, and takes memory.
const raceEnabled = true
