//go:build race

package suite

// raceEnabled reports whether the race detector is on. Code then takes about ten times as long.
const raceEnabled = true
