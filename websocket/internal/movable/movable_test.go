package movable

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// ended checks that ctx has ended with the error want, or not at all if want is nil.
func ended(t *testing.T, ctx context.Context, want error) {
	t.Helper()
	synctest.Wait()
	if got := ctx.Err(); got != want {
		t.Errorf("the context ended with %v, want %v", got, want)
	}
	select {
	case <-ctx.Done():
		if want == nil {
			t.Error("the context is done")
		}
	default:
		if want != nil {
			t.Error("the context is not done")
		}
	}
	if want != nil && !errors.Is(context.Cause(ctx), want) {
		t.Errorf("got cause %v, want %v", context.Cause(ctx), want)
	}
}

// A context ends when the deadline passes, even if the deadline was moved in the meantime. An ended
// context stays ended, and Context then returns a new one.
func TestDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d Deadline
		first := d.Context()
		ended(t, first, nil)
		d.Set(time.Now().Add(time.Second))
		if d.Context() != first {
			t.Error("got a new context although the first has not ended")
		}
		time.Sleep(time.Second - 1)
		ended(t, first, nil)
		d.Set(time.Now().Add(time.Minute)) // later
		time.Sleep(30 * time.Second)
		ended(t, first, nil)
		d.Set(time.Now().Add(time.Second)) // sooner
		time.Sleep(time.Second)
		ended(t, first, os.ErrDeadlineExceeded)
		ended(t, d.Context(), os.ErrDeadlineExceeded)

		d.Set(time.Time{})
		second := d.Context()
		time.Sleep(time.Hour)
		ended(t, second, nil)
		d.Set(time.Now()) // already passed
		ended(t, second, os.ErrDeadlineExceeded)
		d.Set(time.Unix(1, 0))
		ended(t, d.Context(), os.ErrDeadlineExceeded)
		d.Set(time.Now().Add(time.Hour))
		third := d.Context()
		ended(t, third, nil)
		d.Set(time.Time{}) // no deadline
		time.Sleep(2 * time.Hour)
		ended(t, third, nil)
		ended(t, first, os.ErrDeadlineExceeded)
	})
}

// Close ends the current context and every later one, whatever the deadline was and is set to. It
// leaves no timer.
func TestDeadlineClosed(t *testing.T) {
	for name, prepare := range map[string]func(*Deadline){
		"new":     func(*Deadline) {},
		"used":    func(d *Deadline) { d.Context() },
		"future":  func(d *Deadline) { d.Set(time.Now().Add(time.Second)) },
		"passed":  func(d *Deadline) { d.Set(time.Unix(1, 0)) },
		"cleared": func(d *Deadline) { d.Set(time.Unix(1, 0)); d.Set(time.Time{}) },
	} {
		synctest.Test(t, func(t *testing.T) {
			var d Deadline
			prepare(&d)
			ctx := d.Context()
			before := ctx.Err()
			d.Close()
			if before == nil {
				before = net.ErrClosed
			}
			ended(t, ctx, before)
			for _, at := range []time.Time{time.Now().Add(time.Second), time.Unix(1, 0), {}} {
				d.Set(at)
				ended(t, d.Context(), net.ErrClosed)
			}
			d.Close()
			time.Sleep(time.Hour)
			ended(t, d.Context(), net.ErrClosed)
			if d.timer != nil {
				t.Errorf("%s: a timer is left", name)
			}
		})
	}
}

// A timer that has fired, but whose function runs late, does not end the next context.
func TestDeadlineRace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var d Deadline
		for range 200 {
			d.Set(time.Now().Add(time.Millisecond))
			time.Sleep(time.Millisecond) // the timer's function runs now or has run
			d.Set(time.Time{})
			ended(t, d.Context(), nil)
		}
	})
}

// Any number of goroutines may use a Deadline at the same time.
func TestDeadlineConcurrent(t *testing.T) {
	var d Deadline
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 500 {
				d.Set(time.Now().Add(time.Duration(rand.IntN(100)) * time.Microsecond))
				d.Context().Err()
			}
		})
	}
	wg.Go(func() {
		for range 500 {
			d.Set(time.Time{})
		}
		d.Set(time.Now())
		<-d.Context().Done()
	})
	wg.Wait()
	d.Close()
	if err := d.Context().Err(); err != net.ErrClosed {
		t.Errorf("after Close: got %v, want net.ErrClosed", err)
	}
}
