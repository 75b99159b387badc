//go:build race

package deflate_test

// slow is 1 under the race detector: tests do less, and do not count allocations,
// because sync.Pool drops some of what it is given.
const slow = 1
