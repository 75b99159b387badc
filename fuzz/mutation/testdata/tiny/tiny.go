// Package tiny has faults that its tests notice, and faults that they do not.
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

// Untested is not reached.
func Untested(n int) int { return n * 2 }

// Down never ends where its step is left out.
func Down(n int) int {
	steps := 0
	for n > 0 {
		n -= 1
		steps++
	}
	return steps
}

var last int

// Keep does not compile without its second line, for then v is not used.
func Keep(n int) {
	v := n
	last = v
}

// Safe recovers, so its copy would not do.
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
