//go:build !race

package compressed

const raced = false
