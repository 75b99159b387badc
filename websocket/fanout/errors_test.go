package fanout

import (
	"context"
	"errors"
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

// The texts of errors say what has happened.
func TestErrorTexts(t *testing.T) {
	bubble(t, func(t *testing.T) {
		plain, cancel := context.WithCancel(background)
		cancel()
		caused, cancelCause := context.WithCancelCause(background)
		cancelCause(errors.New("lunch"))
		q, _ := queuePair(t, &Options{MaxMessages: 1, MaxBytes: 3})
		large := q.Send(websocket.Text, []byte("four"))
		send(t, q, "0", "1")
		texts := map[string]error{
			"fanout: context canceled":        q.Drain(plain),
			"fanout: context canceled: lunch": q.Drain(caused),
			"fanout: queue takes no messages after Drain: use of closed network connection": q.Send(websocket.Text, nil),

			"fanout: outgoing queue is full: message has 4 bytes, more than MaxBytes, 3": large,
		}
		q, _ = queuePair(t, &Options{MaxMessages: 1})
		send(t, q, "0", "1")
		texts["fanout: outgoing queue is full; connection is closed with 1013 (try again later)"] =
			q.Send(websocket.Text, nil)
		for want, err := range texts {
			if err == nil || err.Error() != want {
				t.Errorf("got error %q, want %q", err, want)
			}
		}
	})
}
