package suite

import (
	"encoding/base64"
	"slices"
	"sync"
)

// maxNonces limits the number of nonces with which a new one is compared.
const maxNonces = 1000

// nonces keeps the decoded Sec-WebSocket-Keys of the last connections.
type nonces struct {
	mu   sync.Mutex
	last [][]byte
}

// like reports whether a key has at least half of its bytes in common with an earlier one, which random
// keys never have. It remembers the key.
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

// maxMemory limits a [seenSet].
const maxMemory = 100000

// A seenSet holds values seen on any connection of any client.
type seenSet[K comparable] struct {
	mu   sync.Mutex
	seen map[K]bool
}

// seenBefore reports whether k was seen before, and remembers it.
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

// An nthKey is the masking key of the n-th data frame of a connection, counted from 0.
type nthKey struct {
	n   int
	key [4]byte
}
