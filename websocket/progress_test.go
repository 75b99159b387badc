package websocket

import (
	"context"
	"net"
	"testing"
	"testing/synctest"
	"time"
)

// Where the socket's buffer can be seen, a write may take any time as long as the peer
// takes something, and ends once it has taken nothing for Limits.WriteTimeout.
func TestWriteTimeoutCountsProgress(t *testing.T) {
	const limit = 8 * time.Second
	for _, row := range []struct {
		name   string
		stalls time.Duration // when the peer takes nothing more
		takes  time.Duration // when all is taken
		want   time.Duration
		err    error
	}{
		{"nothing is taken", 0, 0, limit, ErrPeerNotReading},
		{"all is taken at last", time.Hour, time.Hour, time.Hour, nil},
		{"the peer stalls", time.Minute, 0, time.Minute + limit, ErrPeerNotReading},
	} {
		synctest.Test(t, func(t *testing.T) {
			ours, theirs := net.Pipe()
			defer theirs.Close()
			defer ours.Close()
			begun := time.Now()
			tr := transport{nc: ours}
			tr.wr.set = ours.SetWriteDeadline
			tr.wr.dog = &watchdog{queue: func() int { return 1e9 - int(min(time.Since(begun), row.stalls)/time.Millisecond) }}
			if row.takes > 0 {
				time.AfterFunc(row.takes, func() { theirs.Read(make([]byte, 100)) })
			}
			_, err := tr.write(context.Background(), limit, []byte("text"), nil)
			took := time.Since(begun)
			if err != row.err || took < row.want || took > row.want+limit/progressChecks {
				t.Errorf("%s: %v after %v", row.name, err, took)
			}
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			begun = time.Now()
			if _, err := tr.write(ctx, limit, []byte("text"), nil); !isInterrupt(err) || time.Since(begun) != time.Second {
				t.Errorf("%s: %v after %v", row.name, err, time.Since(begun))
			}
			tr.wr.rest()
		})
	}
}
