//go:build race

package suite

// raceEnabled reports that the race detector is on, which makes processor time about ten times as expensive.
const raceEnabled = true
