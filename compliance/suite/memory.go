package suite

import "sync"

// maxMemory bounds a [memory]: no client needs more connections.
const maxMemory = 100000

// A memory is of what has come on any connection, the same client's or another's.
type memory[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

// had reports whether k has come before, and keeps it.
func (m *memory[K]) had(k K) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen[k] {
		return true
	}
	if m.seen == nil {
		m.seen = map[K]bool{}
	}
	if len(m.seen) < maxMemory {
		m.seen[k] = true
	}
	return false
}

// A nthKey is the masking key of the n-th data frame of a connection, from 0.
type nthKey struct {
	n   int
	key [4]byte
}
