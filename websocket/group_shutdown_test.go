package websocket_test

import (
	"context"
	"errors"
	"math"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Shutdown closes the channel of Draining, sends 1001, and returns when the closing handshakes are
// complete and Serve has returned. Calls that are made meanwhile or later wait for the same.
func TestShutdown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		const cleanup = 3 * time.Second
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: func(ctx context.Context, c *Conn) error {
			err := untilEnd(ctx, c)
			select {
			case <-g.Draining():
			default:
				t.Error("the connection was closed before Draining")
			}
			time.Sleep(cleanup)
			return err
		}}
		slow, quick := joinGroup(t, h).opened(), joinGroup(t, h).opened()
		select {
		case <-g.Draining():
			t.Error("Draining before Shutdown")
		default:
		}
		begun := time.Now()
		first, second := shutdown(&g, time.Minute), shutdown(&g, time.Hour)
		if code := quick.answerTo(); code != StatusGoingAway || time.Since(begun) != 0 {
			t.Errorf("got code %d after %v, want 1001 at once", code, time.Since(begun))
		}
		synctest.Wait()
		if w := refused(t, &g); w.Code != http.StatusServiceUnavailable ||
			w.Header().Get("Retry-After") != "1" || w.Header().Get("Connection") != "close" {
			t.Errorf("answered %d %v, want 503", w.Code, w.Header())
		}
		slow.ExpectClose(StatusGoingAway)
		time.Sleep(2 * time.Second)
		third := shutdown(&g, time.Minute)
		slow.SendClose(StatusGoingAway, "")
		slow.ExpectEOF()
		wantShutdown(t, <-first, "", 2*time.Second+cleanup)
		wantShutdown(t, <-second, "", 2*time.Second+cleanup)
		wantShutdown(t, <-third, "", cleanup)
		wantShutdown(t, <-shutdown(&g, 0), "", 0)
	})
}

// An unused Group is shut down at once, even by a context that has ended.
func TestShutdownEmpty(t *testing.T) {
	for _, limit := range []time.Duration{0, time.Minute} {
		bubble(t, func(t *testing.T) {
			var g Group
			draining := g.Draining()
			wantShutdown(t, <-shutdown(&g, limit), "", 0)
			<-draining
			<-g.Draining()
		})
	}
}

// frameTimes answers the close frames of clients and returns when each arrived, in order.
func frameTimes(t *testing.T, clients []*peer) []time.Duration {
	t.Helper()
	begun := time.Now()
	took := make([]time.Duration, len(clients))
	var wg sync.WaitGroup
	for i, c := range clients {
		wg.Go(func() {
			c.ExpectClose(StatusGoingAway)
			took[i] = time.Since(begun)
			_, _ = c.nc.Write(c.Frame(wire.OpClose, true, closeFrame)) // it may be too late
			c.ExpectEOF()
		})
	}
	wg.Wait()
	slices.Sort(took)
	return took
}

// Spread distributes the close frames evenly. If ctx ends sooner, it is shortened, so that every
// client gets its frame and has time to answer. If ctx is canceled, the other frames are sent at
// once.
func TestShutdownSpread(t *testing.T) {
	const n = 10
	for _, row := range []struct {
		name           string
		spread, limit  time.Duration
		cancel, second time.Duration
		step           time.Duration // between two frames
		err            string
	}{
		{"none", 0, time.Minute, 0, 0, 0, ""},
		{"even", 10 * time.Second, time.Minute, 0, 0, time.Second, ""},
		{"shortened", 10 * time.Second, 4 * time.Second, 0, 0, 300 * time.Millisecond, ""},
		{"canceled", 10 * time.Second, time.Minute, 3500 * time.Millisecond, 0, time.Second,
			"context canceled: 6 connections dropped, 0 Serve functions and 0 opening handshakes"},
		{"impatient second call", 10 * time.Second, time.Minute, 0, 3500 * time.Millisecond, time.Second, ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				g := &Group{Spread: row.spread}
				h := Handler{Options: &AcceptOptions{Group: g}, Serve: untilEnd}
				var clients []*peer
				for range n {
					clients = append(clients, joinGroup(t, h).opened())
				}
				ctx, cancel := context.WithTimeout(context.Background(), row.limit)
				defer cancel()
				if row.cancel > 0 {
					time.AfterFunc(row.cancel, cancel)
				}
				synctest.Wait()
				done := timed(func() error { return g.Shutdown(ctx) })
				synctest.Wait()
				var second <-chan timedResult
				if row.second > 0 {
					second = shutdown(g, row.second)
				}
				got := frameTimes(t, clients)
				if second != nil {
					wantShutdown(t, <-second, "6 connections dropped", row.second)
				}
				stop := row.cancel + row.second
				for i, d := range got {
					want := time.Duration(i) * row.step
					if stop > 0 {
						want = min(want, stop)
					}
					if diff := (d - want).Abs(); diff > time.Microsecond {
						t.Errorf("frame %d came after %v, want %v", i, d, want)
					}
				}
				wantShutdown(t, <-done, row.err, got[n-1])
			})
		})
	}
}

// A stalled peer delays no other, and is dropped after CloseTimeout, whether it does not read or
// does not answer.
func TestShutdownStalledPeers(t *testing.T) {
	const limit = 2 * time.Second
	for name, stall := range map[string]func(c *peer){
		"does not read":   func(c *peer) {},
		"does not answer": func(c *peer) { c.ExpectClose(StatusGoingAway) },
		"sends messages instead": func(c *peer) {
			c.ExpectClose(StatusGoingAway)
			for c.nc.SetWriteDeadline(time.Now().Add(time.Hour)) == nil {
				if _, err := c.nc.Write(c.Frame(wire.OpText, true, "more")); err != nil {
					return
				}
				time.Sleep(time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var g Group
				h := Handler{Serve: untilEnd, Options: &AcceptOptions{
					Group: &g, Limits: Limits{CloseTimeout: limit},
				}}
				var stalled, well []*peer
				for range 5 {
					stalled = append(stalled, joinGroup(t, h).opened())
					well = append(well, joinGroup(t, h).opened())
				}
				done := shutdown(&g, time.Minute)
				var wg sync.WaitGroup
				for _, c := range stalled {
					wg.Go(func() { stall(c) })
				}
				if took := frameTimes(t, well); took[4] != 0 {
					t.Errorf("the last frame came after %v, want 0", took[4])
				}
				synctest.Wait()
				if n := g.Len(); n != 5 {
					t.Errorf("Len is %d, want 5", n)
				}
				wantShutdown(t, <-done, "", limit)
				wg.Wait()
			})
		})
	}
}

// When ctx ends, the remaining connections are dropped. A Serve function that does not return
// delays Shutdown by DropTime, and one that returns does not delay it.
func TestShutdownContextEnds(t *testing.T) {
	const limit = 2 * time.Second
	for _, row := range []struct {
		stalled, busy int
		err           string
		took          time.Duration
	}{
		{3, 0, "3 connections dropped, 0 Serve functions and 0 opening", limit},
		{0, 2, "0 connections dropped, 2 Serve functions and 0 opening", limit + DropTime},
		{1, 1, "1 connections dropped, 1 Serve functions and 0 opening", limit + DropTime},
	} {
		t.Run(row.err, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				var g Group
				goOn := make(chan struct{})
				defer close(goOn)
				busy := func(context.Context, *Conn) error { <-goOn; return nil }
				h := Handler{Serve: busy, Options: &AcceptOptions{Group: &g}}
				for range row.busy {
					c := joinGroup(t, h).opened()
					go c.answerTo()
				}
				h.Serve = untilEnd
				var stalled []*peer
				for range row.stalled {
					stalled = append(stalled, joinGroup(t, h).opened())
				}
				synctest.Wait()
				r := <-shutdown(&g, limit)
				wantShutdown(t, r, row.err, row.took)
				if !errors.Is(r.err, context.DeadlineExceeded) {
					t.Errorf("got %v, want context.DeadlineExceeded", r.err)
				}
				for _, c := range stalled {
					c.ExpectEOF()
				}
			})
		})
	}
}

// If the closing handshake is complete but the peer keeps its side open, the transport is closed at
// the end of ctx.
func TestShutdownEndsDrain(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		ours, theirs := duplexPair()
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: untilEnd}
		c := joinGroupOver(t, h, ours, theirs).opened()
		done := shutdown(&g, 100*time.Millisecond)
		c.ExpectClose(StatusGoingAway)
		c.SendClose(StatusGoingAway, "")
		wantShutdown(t, <-done, "1 connections dropped, 0 Serve", 100*time.Millisecond+DropTime)
		synctest.Wait()
		if _, err := c.nc.Write([]byte("x")); err == nil {
			t.Error("the transport is open")
		}
	})
}

// A connection whose opening handshake is in progress is closed as soon as it is open.
func TestShutdownDuringHandshake(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: untilEnd}
		one, two := joinGroup(t, h), joinGroup(t, h)
		synctest.Wait() // the 101 waits for the client
		done := shutdown(&g, 2*time.Second)
		time.Sleep(time.Second)
		if code := one.opened().answerTo(); code != StatusGoingAway {
			t.Errorf("got code %d, want 1001", code)
		}
		wantShutdown(t, <-done, "0 connections dropped, 0 Serve functions and 1 opening handshakes",
			2*time.Second+DropTime)
		two.opened().ExpectClose(StatusGoingAway) // it has no time left to answer
		two.ExpectEOF()
		synctest.Wait()
		if n := g.Len(); n != 0 {
			t.Errorf("Len is %d, want 0", n)
		}
	})
}

// However a handshake and Shutdown meet, the request is refused with 503, or its connection is
// closed with 1001 and Shutdown waits for it.
func TestShutdownMeetsHandshakes(t *testing.T) {
	var refused, closed atomic.Int64
	for round := range 20 {
		bubble(t, func(t *testing.T) {
			var g Group
			h := Handler{Options: &AcceptOptions{Group: &g}, Serve: untilEnd}
			begin := make(chan struct{})
			var wg sync.WaitGroup
			for range 20 {
				wg.Go(func() {
					<-begin
					c := joinGroup(t, h)
					b := make([]byte, 1)
					if _, err := c.in.Read(b); err != nil {
						refused.Add(1)
						return
					}
					c.in.unread(b)
					if code := c.opened().answerTo(); code != StatusGoingAway {
						t.Errorf("got code %d, want 1001", code)
					}
					closed.Add(1)
				})
			}
			close(begin)
			for range 10 * round {
				runtime.Gosched()
			}
			if err := g.Shutdown(context.Background()); err != nil || g.Len() != 0 {
				t.Errorf("got %v, and Len %d, want nil and 0", err, g.Len())
			}
			wg.Wait()
		})
	}
	t.Logf("%d refused, %d closed", refused.Load(), closed.Load())
}

// busyWriters are ways to be in the middle of a message when Shutdown begins.
var busyWriters = map[string]func(ctx context.Context, c *Conn) error{
	"open MessageWriter": func(ctx context.Context, c *Conn) error {
		w, err := c.Writer(ctx, Text)
		if err != nil {
			return err
		}
		if _, err := w.Write([]byte("begun")); err != nil {
			return err
		}
		if err := w.Flush(); err != nil {
			return err
		}
		<-ctx.Done()
		return context.Cause(ctx)
	},
	"stalled Write": func(ctx context.Context, c *Conn) error { return c.Write(ctx, Text, []byte("begun")) },
	"ByteStream": func(ctx context.Context, c *Conn) error {
		nc := c.ByteStream(Text)
		if _, err := nc.Write([]byte("begun")); err != nil {
			return err
		}
		_, err := nc.Read(make([]byte, 1))
		return err
	},
}

// A connection in the middle of a message gets its close frame after the frame in progress.
func TestShutdownInMessage(t *testing.T) {
	for name, serve := range busyWriters {
		for _, stalled := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				bubble(t, func(t *testing.T) {
					var g Group
					h := Handler{Serve: serve, Options: &AcceptOptions{Group: &g}}
					c := joinGroup(t, h).opened()
					synctest.Wait()
					if name != "stalled Write" && !stalled {
						c.Expect(wire.OpText, name == "ByteStream", "begun")
					}
					done := shutdown(&g, time.Minute)
					if stalled {
						wantShutdown(t, <-done, "", DefaultCloseTimeout)
						return
					}
					synctest.Wait()
					if name == "stalled Write" {
						c.Expect(wire.OpText, true, "begun")
					}
					code := c.answerTo()
					if code != StatusGoingAway {
						t.Errorf("got code %d, want 1001", code)
					}
					wantShutdown(t, <-done, "", 0)
				})
			})
		}
	}
}

// With Background and no CloseTimeout, Shutdown waits for a peer forever, until another call ends
// the wait.
func TestShutdownWithoutLimits(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		opts := &AcceptOptions{Group: &g, Limits: Limits{CloseTimeout: -1, WriteTimeout: -1}}
		joinGroup(t, Handler{Options: opts, Serve: untilEnd}).opened()
		done := shutdown(&g, math.MaxInt64)
		time.Sleep(24 * time.Hour)
		wantShutdown(t, <-shutdown(&g, time.Second), "1 connections dropped", time.Second)
		wantShutdown(t, <-done, "", 24*time.Hour+time.Second)
	})
}
