// Package tiny is the target of the tests of Mutation. Its own tests notice some faults and miss others.
package tiny

import "errors"

// Max is the largest size.
const Max = 100

var errSize = errors.New("size")

// Check is tested below and above the limit, but not at it.
func Check(n int) error {
	if n > 10 {
		return errSize
	}
	return nil
}

// Both is tested with every pair.
func Both(a, b bool) bool { return a && b }

// Untested is reached by no test.
func Untested(n int) int { return n * 2 }

// Down never returns without its step.
func Down(n int) int {
	steps := 0
	for n > 0 {
		n -= 1
		steps++
	}
	return steps
}

var last int

// Keep does not compile without its second line, since v is then unused.
func Keep(n int) {
	v := n
	last = v
}

// Safe recovers, so it cannot be replaced by a copy that it calls.
func Safe(f func()) (err error) {
	defer func() {
		if recover() != nil {
			err = errSize
		}
	}()
	f()
	return nil
}

// Count has parameters without names, a receiver without one, and type parameters.
func Count[T string | int](_ int, all ...T) int { return len(all) + 0 }

type list []int

func (list) first(_ int, rest ...int) int { return rest[0] }
