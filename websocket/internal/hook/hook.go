// Package hook has tools for functions that a program sets and this module calls.
package hook

import (
	"sync/atomic"
	"time"
)

// Join2 returns a function that calls f and then g. If one of them is nil, it returns the other.
func Join2[A, B any](f, g func(A, B)) func(A, B) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A, b B) {
		f(a, b)
		g(a, b)
	}
}

// Join4 is Join2 for functions with four arguments.
func Join4[A, B, C, D any](f, g func(A, B, C, D)) func(A, B, C, D) {
	switch {
	case f == nil:
		return g
	case g == nil:
		return f
	}
	return func(a A, b B, c C, d D) {
		f(a, b, c, d)
		g(a, b, c, d)
	}
}

// A Minutely allows something once a minute, however often and by however many goroutines it is
// asked. The zero value is ready to use.
type Minutely struct{ next atomic.Int64 } // in Unix nanoseconds

// Allow reports whether it is allowed at the time now.
func (m *Minutely) Allow(now time.Time) bool {
	next := m.next.Load()
	return now.UnixNano() >= next && m.next.CompareAndSwap(next, now.Add(time.Minute).UnixNano())
}
