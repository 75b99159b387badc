//go:build race

package compressed

// raceEnabled reports whether the race detector is on. It makes sync.Pool drop a quarter of its items, and
// takes memory.
const raceEnabled = true
