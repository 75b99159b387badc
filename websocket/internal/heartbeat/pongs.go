package heartbeat

import "github.com/hawser-ws/hawser/wire"

// maxPongs limits, in bytes, the pongs that wait. If there are more, the oldest are dropped, which
// RFC 6455, section 5.5.3, allows.
const maxPongs = 16 << 10

// Pongs is a queue of pongs to send. The zero value is empty.
type Pongs struct {
	payloads []byte // each is preceded by its length; nil if there are none
}

// Empty reports whether no pong waits.
func (q *Pongs) Empty() bool { return q.payloads == nil }

// Full reports whether another pong may drop the oldest.
func (q *Pongs) Full() bool { return len(q.payloads) >= maxPongs-wire.MaxControlPayload }

// Clear empties the queue.
func (q *Pongs) Clear() { q.payloads = nil }

// Push adds a pong to the queue, and drops the oldest if there are too many.
func (q *Pongs) Push(p []byte) {
	q.payloads = append(append(q.payloads, byte(len(p))), p...)
	for len(q.payloads) > maxPongs {
		q.payloads = q.payloads[1+int(q.payloads[0]):]
	}
}

// Pop removes and returns the first pongs whose frames, each with a header of header bytes, fit into
// room bytes. Each is preceded by its length.
func (q *Pongs) Pop(room, header int) (batch []byte) {
	n := 0
	for n < len(q.payloads) {
		size := int(q.payloads[n])
		if room -= header + size; room < 0 {
			break
		}
		n += 1 + size
	}
	batch = q.payloads[:n]
	if q.payloads = q.payloads[n:]; len(q.payloads) == 0 {
		q.payloads = nil
	}
	return batch
}
