package websocket_test

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/wire"
)

// Unsent counts the message that is being written and all messages that wait for it. It returns 0
// once they have been sent or given up.
func TestUnsent(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		want := func(least, most int64) {
			t.Helper()
			synctest.Wait()
			if got := c.Unsent(); got < least || got > most {
				t.Errorf("Unsent() = %d, want %d to %d", got, least, most)
			}
		}
		want(0, 0)
		const large, small, heads = 1 << 20, 1000, 14
		ctx, cancel := context.WithCancel(context.Background())
		for i, size := range []int{large, small, small} {
			go c.Write(ctx, Binary, make([]byte, size))
			synctest.Wait()
			want(int64(large+i*small), int64(large+i*small+heads))
		}
		p.nc.Read(make([]byte, 500_000))
		p.nc.Read(make([]byte, 500_000))
		want(large+2*small-1_000_000, large+2*small)
		cancel()
		want(1, large+heads) // a part of the first message has been sent
		go p.drain()
		want(0, 0)
	})
}

// Unsent counts an encoded message that waits for its turn after its context has ended.
func TestUnsentPostponed(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, _ := runsPeer(t, role, Limits{MaxWriteFrame: 100})
		ctx, cancel := context.WithCancel(context.Background())
		go c.Write(context.Background(), Binary, bytes.Repeat([]byte("ab"), 500))
		synctest.Wait()
		go c.Ping(ctx)
		synctest.Wait()
		go c.Write(ctx, Text, []byte("next"))
		synctest.Wait()
		before := c.Unsent()
		cancel()
		synctest.Wait()
		if after := c.Unsent(); before <= 0 || after <= 0 {
			t.Errorf("got %d before the context ended and %d after it, want more than 0", before, after)
		}
		go p.drain()
		synctest.Wait()
		if left := c.Unsent(); left != 0 {
			t.Errorf("Unsent() = %d, want 0", left)
		}
	})
}

// Unsent counts the later fragments of the message that is being written.
func TestUnsentFragments(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{MaxWriteFrame: 1000})
		go c.Write(context.Background(), Binary, make([]byte, 100_000))
		synctest.Wait()
		if n := c.Unsent(); n < 100_000 {
			t.Errorf("Unsent() = %d, want at least 100000", n)
		}
	})
}

// Unsent counts a message that waits for the rest of one that was cut.
func TestUnsentAfterRest(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := start(func() error { return c.Write(ctx, Binary, make([]byte, 10_000)) })
		p.take(1)
		if err := <-done; !IsAccepted(err) {
			t.Fatal(err)
		}
		synctest.Wait()
		rest := c.Unsent()
		go c.Write(context.Background(), Binary, make([]byte, 5_000))
		synctest.Wait()
		if n := c.Unsent(); rest < 9_000 || n < rest+5_000 {
			t.Errorf("Unsent() = %d, was %d, want at least 9000 and 5000 more", n, rest)
		}
	})
}

// Unsent counts the bytes of a cut write that are still being written to a transport without
// deadlines.
func TestUnsentWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		const size = 2 * pump.ChunkSize
		if err := c.Write(ctx, Binary, make([]byte, size)); !IsAccepted(err) {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := c.Unsent(); n < size || n > size+wire.MaxHeaderSize {
			t.Errorf("Unsent() = %d, want %d to %d", n, size, size+wire.MaxHeaderSize)
		}
		go p.drain()
		synctest.Wait()
		if n := c.Unsent(); n != 0 {
			t.Errorf("Unsent() = %d, want 0", n)
		}
	})
}
