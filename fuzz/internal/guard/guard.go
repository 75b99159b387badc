// Package guard has memory between inaccessible pages. Neither coverage nor the race detector sees
// what assembly reads, but an access just outside this memory faults.
package guard

// Memory lies between two such pages.
type Memory struct {
	b []byte
}

// First returns a copy of p at the beginning of m. It is valid until the next call of First or Last.
func (m *Memory) First(p []byte) []byte {
	n := copy(m.b[:len(p)], p)
	return m.b[:n:n]
}

// Last returns a copy of p at the end of m. It is valid until the next call of First or Last.
func (m *Memory) Last(p []byte) []byte {
	b := m.b[len(m.b)-len(p):]
	copy(b, p)
	return b
}
