package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// The error of a handler that writes after the connection's own close frame is not logged, even
// if the peer has not answered that frame yet. A timer may have closed an idle connection.
func TestHandlerWritesWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		var logged int
		served := start(func() error {
			var err error
			Serve(func(ctx context.Context, c *Conn) error {
				go c.Close(ctx, StatusPolicyViolation, "idle")
				synctest.Wait()
				err = c.Write(ctx, Text, []byte("late"))
				return err
			}, c, func(string, ...any) { logged++ })
			return err
		})
		p.ExpectClose(StatusPolicyViolation)
		time.Sleep(time.Second) // Serve has returned, and the peer has not answered
		p.SendClose(StatusPolicyViolation, "")
		if err := <-served; !errors.Is(err, net.ErrClosed) {
			t.Errorf("Write: got %v, want net.ErrClosed", err)
		}
		if logged > 0 {
			t.Errorf("logged %d lines, want none", logged)
		}
	})
}

// Close reads, so that a function passed to OnControl may panic after Serve has returned. Such
// a panic is logged too, and ends the connection.
func TestHandlerPanicWhileClosing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, p := newPeer(t, wire.Server, Limits{})
		var logged string
		served := start(func() error {
			Serve(func(_ context.Context, c *Conn) error {
				c.OnControl(func(wire.Opcode, []byte) bool { panic("bad day") })
				return nil
			}, c, func(format string, args ...any) { logged += fmt.Sprintf(format, args...) })
			return nil
		})
		p.ExpectClose(StatusNormalClosure)
		p.Send(wire.OpPing, true, "")
		<-served
		if c.Context().Err() == nil {
			t.Error("the connection has not ended")
		}
		if !strings.Contains(logged, "panic serving pipe: bad day") {
			t.Errorf("logged %q, want the panic", logged)
		}
	})
}
