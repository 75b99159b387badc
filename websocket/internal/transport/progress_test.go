package transport

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// If the length of the socket's queue is known, a write may take any time as long as the peer
// reads, and ends once the peer has read nothing for Limits.WriteTimeout.
func TestWriteTimeoutCountsProgress(t *testing.T) {
	const limit = 8 * time.Second
	for _, row := range []struct {
		name   string
		stalls time.Duration // when the peer stops reading from the queue
		takes  time.Duration // when the peer takes the write; 0 if never
		want   time.Duration
		err    error
	}{
		{"the peer reads nothing", 0, 0, limit, ErrNotReading},
		{"the peer reads everything in the end", time.Hour, time.Hour, time.Hour, nil},
		{"the peer stalls", time.Minute, 0, time.Minute + limit, ErrNotReading},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			defer ours.Close()
			begun := time.Now()
			tr := Transport{Conn: ours}
			tr.Wr.of = &tr
			tr.Wr.dog = &watchdog{queue: func() int {
				return 1e9 - int(min(time.Since(begun), row.stalls)/time.Millisecond)
			}}
			if row.takes > 0 {
				time.AfterFunc(row.takes, func() { theirs.Read(make([]byte, 100)) })
			}
			_, err := tr.Write(context.Background(), limit, []byte("text"), nil)
			took := time.Since(begun)
			if err != row.err || took < row.want || took > row.want+limit/progressChecks {
				t.Errorf("%s: got %v after %v, want %v after %v", row.name, err, took, row.err, row.want)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			begun = time.Now()
			_, err = tr.Write(ctx, limit, []byte("text"), nil)
			if !IsInterrupt(err) || time.Since(begun) != time.Second {
				t.Errorf("%s: got %v after %v, want an interrupt after 1s", row.name, err, time.Since(begun))
			}
			tr.Wr.rest()
		})
	}
}
