package fanout

// A fifo is a queue in a ring that grows as needed. When it becomes empty, it frees its memory.
type fifo struct {
	ring  []*Message // the length is 0 or a power of 2
	first int        // index of the oldest message
	len   int
	bytes int64
}

func (f *fifo) push(m *Message) {
	if f.len == len(f.ring) {
		f.grow()
	}
	f.ring[(f.first+f.len)&(len(f.ring)-1)] = m
	f.len++
	f.bytes += m.size
}

func (f *fifo) grow() {
	ring := make([]*Message, max(2*f.len, 4))
	n := copy(ring, f.ring[f.first:])
	copy(ring[n:], f.ring[:f.first])
	f.ring, f.first = ring, 0
}

// pop removes the oldest message. There must be one.
func (f *fifo) pop() *Message {
	m := f.ring[f.first]
	if f.len == 1 {
		*f = fifo{}
		return m
	}
	f.ring[f.first] = nil
	f.first = (f.first + 1) & (len(f.ring) - 1)
	f.len--
	f.bytes -= m.size
	return m
}
