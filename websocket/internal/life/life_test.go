package life

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// End ends earlier and later waits.
func TestEnd(t *testing.T) {
	cause := errors.New("power cut")
	for _, early := range []bool{false, true} {
		var c Context
		c.Init(context.Background())
		var done <-chan struct{}
		child, cancel := context.Background(), context.CancelFunc(nil)
		use := func() {
			done = c.Done()
			child, cancel = context.WithCancel(&c)
		}
		if early {
			use()
		}
		if c.Ended() || c.Err() != nil {
			t.Errorf("ended with %v before End", c.Err())
		}
		c.End(cause)
		c.End(errors.New("another cause"))
		if !c.Ended() || c.Err() != context.Canceled || c.Cause() != cause {
			t.Errorf("ended: %v, with %v and %v", c.Ended(), c.Err(), c.Cause())
		}
		if !early {
			use()
		}
		<-done
		<-child.Done()
		if got := context.Cause(child); got != cause {
			t.Errorf("got cause %v, want %v", got, cause)
		}
		cancel()
	}
}

// Nothing that another goroutine does while End runs changes the cause or sees half of the end.
func TestWhileItEnds(t *testing.T) {
	cause := errors.New("power cut")
	var c Context
	c.Init(context.Background())
	child, stop := context.WithCancel(&c)
	defer stop()
	done := c.Done()
	cancel := c.made.cancel
	c.made.cancel = func(err error) {
		c.made.cancel = cancel
		if c.Err() == nil {
			t.Error("Err: got nil, want an error")
		}
		select {
		case <-done:
		default:
			t.Error("Err returned an error before Done was closed")
		}
		cancel(err)
	}
	c.End(cause)
	if got := context.Cause(child); got != cause {
		t.Errorf("got cause %v, want %v", got, cause)
	}
}

// Two calls of End at the same time agree on the cause.
func TestTwoEnds(t *testing.T) {
	cause := errors.New("power cut")
	var c Context
	c.Init(context.Background())
	child, stop := context.WithCancel(&c)
	defer stop()
	cancel := c.made.cancel
	c.made.cancel = func(err error) {
		c.made.cancel = cancel
		c.End(errors.New("another cause"))
		cancel(err)
	}
	c.End(cause)
	if got := context.Cause(child); got != cause {
		t.Errorf("got cause %v, want %v", got, cause)
	}
}

// A context may be printed while it is in use: fmt would read the fields, without their mutex.
func TestPrint(t *testing.T) {
	var c Context
	c.Init(context.Background())
	child, stop := context.WithCancel(&c)
	defer stop()
	if got, want := fmt.Sprint(&c, child), "Conn.Context Conn.Context.WithCancel"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// A nil context panics where it is given, as in package context.
func TestNil(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("Init did not panic")
		}
	}()
	new(Context).Init(nil) //lint:ignore SA1012 this is the test
}
