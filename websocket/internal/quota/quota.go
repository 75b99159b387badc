// Package quota divides a number of bytes between connections.
package quota

import "sync/atomic"

// A Pool is a number of bytes to divide. Any number of goroutines may use its shares.
type Pool struct {
	Max  int64
	used atomic.Int64
}

// Used returns how many bytes the shares have in total.
func (p *Pool) Used() int64 { return p.used.Load() }

// take takes n bytes, and reports whether there was room for them.
func (p *Pool) take(n int64) bool {
	for {
		used := p.used.Load()
		if n > p.Max-used {
			return false
		}
		if p.used.CompareAndSwap(used, used+n) {
			return true
		}
	}
}

// A Share is the part of Pool that one owner uses. It is unlimited if Pool is nil.
type Share struct {
	Pool *Pool
	held int64
}

// Grow grows the share to at least n bytes, and reports whether there was room.
func (s *Share) Grow(n int) bool {
	more := int64(n) - s.held
	if s.Pool == nil || more <= 0 {
		return true
	}
	if !s.Pool.take(more) {
		return false
	}
	s.held += more
	return true
}

// Resize sets the share to n bytes, whether there is room or not.
func (s *Share) Resize(n int) {
	if s.Pool != nil {
		s.Pool.used.Add(int64(n) - s.held)
		s.held = int64(n)
	}
}

// Pass moves the share to its result, which the caller has to resize in the end.
func (s *Share) Pass() Share {
	passed := *s
	s.held = 0
	return passed
}
