//go:build unix

package bench

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// audienceOf returns a room and n connections to it.
func audienceOf(t *testing.T, n int) (*bareRoom, audience) {
	t.Helper()
	r, ln := &bareRoom{}, listen(t)
	go serveHTTP(ln, r)
	var a audience
	t.Cleanup(func() { a.close() })
	if err := a.join(&net.Dialer{}, ln.Addr().String(), n); err != nil {
		t.Fatal(err)
	}
	awaitSize(t, n, r.size)
	return r, a
}

// A burst is sent when every connection has received the one before.
func TestAudience(t *testing.T) {
	r, a := audienceOf(t, 5)
	var bursts []string
	var sent atomic.Int64
	send := func(first uint64, n int) {
		bursts = append(bursts, fmt.Sprintf("%d+%d after %d", first, n, sent.Load()))
		go func() {
			for i := range uint64(n) {
				sent.Add(1)
				r.broadcast(message(first+i, 32))
			}
		}()
	}
	start := time.Now()
	delays, err := a.receive(7, 6, 3, send)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := strings.Join(bursts, ", "), "7+3 after 0, 10+3 after 3"; got != want {
		t.Errorf("sent messages %s, want %s", got, want)
	}
	if len(delays) != 5 {
		t.Fatalf("got delays of %d connections, want 5", len(delays))
	}
	for i, of := range delays {
		if len(of) != 6 {
			t.Errorf("connection %d: got %d delays, want 6", i, len(of))
		}
		for _, d := range of {
			if d <= 0 || d > time.Since(start) {
				t.Errorf("connection %d: a message was under way for %v, want up to %v", i, d, time.Since(start))
			}
		}
	}
}

// Messages that are lost, repeated or late, and connections that end, are errors.
func TestAudienceErrors(t *testing.T) {
	for _, test := range []struct {
		name string
		ids  []uint64
		want string
	}{
		{"lost", []uint64{0, 2, 3}, "received message 2, want 1"},
		{"repeated", []uint64{0, 0, 1}, "received message 0, want 1"},
		{"swapped", []uint64{1, 0, 2}, "received message 1, want 0"},
		{"ended", []uint64{0, 1}, io.EOF.Error()},
	} {
		t.Run(test.name, func(t *testing.T) {
			r, a := audienceOf(t, 2)
			_, err := a.receive(0, 3, 3, func(uint64, int) {
				for _, id := range test.ids {
					r.broadcast(message(id, 32))
				}
				r.mu.Lock()
				defer r.mu.Unlock()
				for _, nc := range r.conns {
					nc.(*net.TCPConn).CloseWrite()
				}
			})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got error %v, want %q", err, test.want)
			}
		})
	}
}
