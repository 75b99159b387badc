package heartbeat

import (
	"bytes"
	"testing"

	"github.com/hawser-ws/hawser/wire"
)

// Pongs that wait for a peer that does not read take at most maxPongs bytes. The last ones are
// kept, and kept whole.
func TestPongQueue(t *testing.T) {
	var q Pongs
	payload := bytes.Repeat([]byte("p"), wire.MaxControlPayload)
	for i := range 1000 {
		payload[0] = byte(i)
		q.Push(payload)
		if len(q.payloads) > maxPongs {
			t.Fatalf("%d bytes of pongs wait, want at most %d", len(q.payloads), maxPongs)
		}
	}
	n := 0
	for q := q.payloads; len(q) > 0; n++ {
		last := q[1 : 1+q[0]]
		if len(last) != wire.MaxControlPayload || last[0] != byte(1000-len(q)/126) {
			t.Fatalf("pong %d: got %d bytes, the first of them %d, want a whole pong in order",
				n, len(last), last[0])
		}
		q = q[1+q[0]:]
	}
	if n != maxPongs/126 {
		t.Errorf("%d pongs wait, want %d", n, maxPongs/126)
	}
}
