package websocket

import (
	"bytes"
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket/internal/pump"
	"github.com/hawser-ws/hawser/wire"
)

// Unsent counts what is being written and every message that waits for it, and nothing
// once those are out or given up.
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
		want(1, large+heads) // of the first a part is out
		go p.drain()
		want(0, 0)
	})
}

// A message that an extension has made, and whose turn has not come, waits too.
func TestUnsentPostponed(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p, _, _ := runsPeer(t, role, Limits{MaxWriteFrame: 100})
		ctx, cancel := context.WithCancel(context.Background())
		go c.Write(context.Background(), Binary, bytes.Repeat([]byte("ab"), 500))
		synctest.Wait()
		go c.Ping(ctx)
		synctest.Wait()
		go c.Write(ctx, Text, []byte("behind"))
		synctest.Wait()
		before := c.Unsent()
		cancel()
		synctest.Wait()
		if after := c.Unsent(); before <= 0 || after <= 0 {
			t.Errorf("before the context ended %d, after it %d", before, after)
		}
		go p.drain()
		synctest.Wait()
		if left := c.Unsent(); left != 0 {
			t.Errorf("%d are left", left)
		}
	})
}

// The fragments that follow the one that is written wait, too.
func TestUnsentFragments(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{MaxWriteFrame: 1000})
		go c.Write(context.Background(), Binary, make([]byte, 100_000))
		synctest.Wait()
		if n := c.Unsent(); n < 100_000 {
			t.Errorf("Unsent() = %d", n)
		}
	})
}

// So does a message after the rest of one that was cut.
func TestUnsentBehindRest(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		done := start(func() error { return c.Write(ctx, Binary, make([]byte, 10_000)) })
		p.take(1)
		if err := <-done; !isAccepted(err) {
			t.Fatal(err)
		}
		synctest.Wait()
		rest := c.Unsent()
		go c.Write(context.Background(), Binary, make([]byte, 5_000))
		synctest.Wait()
		if n := c.Unsent(); rest < 9_000 || n < rest+5_000 {
			t.Errorf("Unsent() = %d, was %d", n, rest)
		}
	})
}

// So does what a cut write has left under way in a transport without deadlines.
func TestUnsentWithoutDeadlines(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newUndeadlinedPeer(t, role, Limits{})
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		const size = 2 * pump.ChunkSize
		if err := c.Write(ctx, Binary, make([]byte, size)); !isAccepted(err) {
			t.Fatal(err)
		}
		synctest.Wait()
		if n := c.Unsent(); n < size || n > size+wire.MaxHeaderSize {
			t.Errorf("Unsent() = %d", n)
		}
		go p.drain()
		synctest.Wait()
		if n := c.Unsent(); n != 0 {
			t.Errorf("%d are left", n)
		}
	})
}
