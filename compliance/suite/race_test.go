//go:build race

package suite

// UnderRace says that processor time is some ten times as dear.
const UnderRace = true
