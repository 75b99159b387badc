package transport

import (
	"context"
	"errors"
	"os"
	"runtime"
	"testing"
	"testing/synctest"
	"time"
)

// newDeadline returns a deadline, and a function that returns the deadline of the transport.
func newDeadline() (*deadline, func() time.Time) {
	var seen time.Time
	tr := Transport{Conn: &setter{set: func(t time.Time) error { seen = t; return nil }}}
	d := &tr.Rd.deadline
	d.of = &tr
	return d, func() time.Time {
		d.mu.Lock()
		defer d.mu.Unlock()
		return seen
	}
}

// The transport has the earlier one of the deadlines of the limit and the context.
func TestDeadlineEarliest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		bound := time.Now().Add(time.Second)
		ours := errors.New("ours")
		for _, row := range []struct {
			name        string
			limit, want time.Time
			cut         bool
			cause       error
		}{
			{name: "none", cause: os.ErrDeadlineExceeded},
			{name: "bound", limit: bound, want: bound, cause: ours},
			{name: "context", cut: true, want: LongAgo, cause: context.Canceled},
			{name: "both", limit: bound, cut: true, want: LongAgo, cause: context.Canceled},
		} {
			for _, cutFirst := range []bool{false, true} {
				d, seen := newDeadline()
				ctx, cancel := context.WithCancel(context.Background())
				if err := d.Follow(ctx); err != nil {
					t.Fatal(err)
				}
				if !cutFirst {
					d.Bound(row.limit)
				}
				if row.cut {
					cancel()
					synctest.Wait()
				}
				d.Bound(row.limit)
				if got := seen(); !got.Equal(row.want) {
					t.Errorf("%s: got deadline %v, want %v", row.name, got, row.want)
				}
				if got := d.Cause(os.ErrDeadlineExceeded, ours); !errors.Is(got, row.cause) || IsInterrupt(got) != row.cut {
					t.Errorf("%s: got cause %v, want %v", row.name, got, row.cause)
				}
				d.Unfollow()
				d.Bound(time.Time{})
				if got := seen(); !got.IsZero() {
					t.Errorf("%s: got deadline %v afterwards, want none", row.name, got)
				}
				cancel()
			}
		}
	})
}

// A context that is followed repeatedly is registered once, together with contexts that
// share its Done channel.
func TestDeadlineRegistersOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, seen := newDeadline()
		sets := 0
		nc := d.of.Conn
		d.of.Conn = &setter{set: func(at time.Time) error { sets++; return nc.SetReadDeadline(at) }}
		inner, cancel := context.WithCancel(context.Background())
		a := &countingContext{Context: inner}
		for range 10 {
			if err := d.Follow(a); err != nil {
				t.Fatal(err)
			}
			if err := d.Follow(context.WithValue(a, valueKey{}, "value")); err != nil {
				t.Fatal(err)
			}
		}
		if a.registered != 1 || sets != 0 {
			t.Errorf("registered %d times, deadline set %d times; want 1 and 0", a.registered, sets)
		}
		cancel()
		synctest.Wait()
		if err := d.Follow(a); !errors.Is(err, context.Canceled) || !IsInterrupt(err) {
			t.Errorf("follow of a canceled context: got %v, want an interrupt", err)
		}
		if !seen().Equal(LongAgo) || sets != 1 {
			t.Errorf("got deadline %v after %d calls, want %v after 1", seen(), sets, LongAgo)
		}
		if err := d.Follow(context.Background()); err != nil || !seen().IsZero() || sets != 2 {
			t.Errorf("next context: got %v, deadline %v after %d calls; want none after 2", err, seen(), sets)
		}
	})
}

// Following a context that has already ended does not change the deadline of the transport.
func TestDeadlineFollowEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, seen := newDeadline()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		time.Sleep(2 * time.Second)
		if err := d.Follow(ctx); !errors.Is(err, context.DeadlineExceeded) || !IsInterrupt(err) {
			t.Errorf("follow: got %v, want an interrupt", err)
		}
		synctest.Wait()
		if !seen().IsZero() || d.done != nil {
			t.Errorf("got deadline %v, done %v; want neither", seen(), d.done)
		}
	})
}

// Once a context is no longer followed, its end has no effect, even if its signal is
// pending.
func TestDeadlineLateSignal(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // a woken goroutine does not run at once
	synctest.Test(t, func(t *testing.T) {
		d, seen := newDeadline()
		for range 100 {
			a, cancelA := context.WithCancel(context.Background())
			b, cancelB := context.WithCancel(context.Background())
			if err := d.Follow(a); err != nil {
				t.Fatal(err)
			}
			cancelA() // the signal is a goroutine that has not run yet
			if err := d.Follow(b); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			if !seen().IsZero() {
				t.Fatalf("got deadline %v, want none", seen())
			}
			cancelB()
			synctest.Wait()
			if !seen().Equal(LongAgo) {
				t.Fatalf("got deadline %v, want %v", seen(), LongAgo)
			}
		}
		d.Unfollow()
	})
}

// Contexts of a type that is not comparable can be followed.
func TestDeadlineUncomparableContext(t *testing.T) {
	type odd struct {
		context.Context
		_ []int
	}
	d, _ := newDeadline()
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	for range 2 {
		if err := d.Follow(odd{Context: ctx}); err != nil {
			t.Error(err)
		}
		if err := d.Follow(odd{Context: context.Background()}); err != nil {
			t.Error(err)
		}
	}
}

// A valueKey is the key of a value in a context.
type valueKey struct{}
