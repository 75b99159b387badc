package life

import (
	"context"
	"errors"
	"testing"
)

// End ends what waits already, and what begins to wait later.
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
