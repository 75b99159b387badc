package suite

import (
	"encoding/base64"
	"slices"
	"sync"
)

// maxNonces is how many are compared with a new one.
const maxNonces = 1000

// nonces remembers the Sec-WebSocket-Keys of connections.
type nonces struct {
	mu   sync.Mutex
	last [][]byte
}

// like reports whether a key has half of its octets in common with one before, as
// two that are random never have, and keeps it.
func (m *nonces) like(key string) bool {
	nonce, err := base64.StdEncoding.DecodeString(key)
	if err != nil || len(nonce) != 16 {
		return false
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	like := slices.ContainsFunc(m.last, func(before []byte) bool {
		same := 0
		for i := range nonce {
			if nonce[i] == before[i] {
				same++
			}
		}
		return same >= len(nonce)/2
	})
	if m.last = append(m.last, nonce); len(m.last) > maxNonces {
		m.last = m.last[1:]
	}
	return like
}

// maxMemory bounds a [memory]: no client needs more connections.
const maxMemory = 100000

// A seenSet is of what has come on any connection, the same client's or another's.
type seenSet[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

// seenBefore reports whether k has come before, and keeps it.
func (m *seenSet[K]) seenBefore(k K) bool {
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
