package websocket

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/wire"
)

// Close reads while it writes: a peer that is in the middle of a message, and will
// not read before that is out, does not hold it up.
func TestCloseWhilePeerWrites(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx := bounded(t)
		began := time.Now()
		closed := start(func() error { return c.Close(ctx, StatusGoingAway, "bye") })
		p.send(wire.OpBinary, true, strings.Repeat("x", 3*blockSize))
		if reason := p.expectClose(StatusGoingAway); reason != "bye" {
			t.Errorf("the reason is %q", reason)
		}
		p.sendClose(StatusGoingAway, "")
		p.nc.Close()
		if err := <-closed; err != nil || time.Since(began) > 0 {
			t.Errorf("Close: %v after %v", err, time.Since(began))
		}
	})
}

// Two sides that close at once, over a transport that holds no byte, do not wait
// for each other.
func TestCloseAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client, server := connPair(t, "pipe", Limits{})
		ctx := bounded(t)
		began := time.Now()
		one := start(func() error { return client.Close(ctx, StatusNormalClosure, "") })
		two := start(func() error { return server.Close(ctx, StatusNormalClosure, "") })
		if err := errors.Join(<-one, <-two); err != nil || time.Since(began) > 0 {
			t.Errorf("Close: %v after %v", err, time.Since(began))
		}
	})
}

// Close waits neither for a Write that the peer does not take, nor for its own
// frame behind it, longer than it should.
func TestCloseDuringBlockedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{CloseTimeout: 3 * time.Second})
		ctx := bounded(t)
		written := start(func() error { return c.Write(ctx, Text, []byte("never read")) })
		began := time.Now()
		err := c.Close(ctx, StatusNormalClosure, "")
		if took := time.Since(began); err == nil || took != 3*time.Second {
			t.Errorf("Close: %v after %v", err, took)
		}
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: %v", err)
		}
	})
}
