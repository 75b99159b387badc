//go:build !race

package deflate_test

const slow = 0
