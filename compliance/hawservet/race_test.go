//go:build race

package hawservet_test

const raceEnabled = true
