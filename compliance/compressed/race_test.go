//go:build race

package compressed

// raceEnabled says that the race detector is on. It makes sync.Pool drop a quarter of what
// it is given, and adds memory of its own.
const raceEnabled = true
