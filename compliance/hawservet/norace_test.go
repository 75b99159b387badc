//go:build !race

package hawservet_test

const underRace = false
