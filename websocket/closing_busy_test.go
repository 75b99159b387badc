package websocket_test

import (
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Close reads while it writes. A peer that sends a whole message before it reads does not
// delay it.
func TestCloseWhilePeerWrites(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, p := newPeer(t, role, Limits{})
		ctx := bounded(t)
		began := time.Now()
		closed := start(func() error { return c.Close(ctx, StatusGoingAway, "bye") })
		p.Send(wire.OpBinary, true, strings.Repeat("x", 3*blockSize))
		if reason := p.ExpectClose(StatusGoingAway); reason != "bye" {
			t.Errorf(`got reason %q, want "bye"`, reason)
		}
		p.SendClose(StatusGoingAway, "")
		p.nc.Close()
		if err := <-closed; err != nil || time.Since(began) > 0 {
			t.Errorf("Close: got %v after %v, want nil at once", err, time.Since(began))
		}
	})
}

// Two sides that close at the same time do not wait for each other, even over a transport
// without buffers.
func TestCloseAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		client, server := connPair(t, "pipe", Limits{})
		ctx := bounded(t)
		began := time.Now()
		one := start(func() error { return client.Close(ctx, StatusNormalClosure, "") })
		two := start(func() error { return server.Close(ctx, StatusNormalClosure, "") })
		if err := errors.Join(<-one, <-two); err != nil || time.Since(began) > 0 {
			t.Errorf("Close: got %v after %v, want nil at once", err, time.Since(began))
		}
	})
}

// Close times out if the peer does not read a Write in progress, so that the close frame
// cannot be sent.
func TestCloseDuringBlockedWrite(t *testing.T) {
	eachRole(t, func(t *testing.T, role wire.Role) {
		c, _ := newPeer(t, role, Limits{CloseTimeout: 3 * time.Second})
		ctx := bounded(t)
		written := start(func() error { return c.Write(ctx, Text, []byte("never read")) })
		began := time.Now()
		err := c.Close(ctx, StatusNormalClosure, "")
		if took := time.Since(began); err == nil || took != 3*time.Second {
			t.Errorf("Close: got %v after %v, want an error after 3s", err, took)
		}
		if err := <-written; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
	})
}
