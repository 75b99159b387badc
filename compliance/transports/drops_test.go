package transports

import (
	"context"
	"errors"
	"net"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A drop ends a connection without a closing handshake.
type drop struct {
	name string
	call func(c *websocket.Conn)
	want error // of the calls that are blocked
}

var errAborted = errors.New("aborted by the test")

var drops = []drop{
	{"CloseNow", func(c *websocket.Conn) { c.CloseNow() }, net.ErrClosed},
	{"Abort", func(c *websocket.Conn) { c.Abort(errAborted) }, errAborted},
}

// CloseNow and Abort return at once, blocked calls then return at once, and the context of the connection
// ends.
func TestDropEndsCalls(t *testing.T) {
	each(t, func(t *testing.T, k *kind, role wire.Role) {
		rows(t, k, drops, func(d drop) string { return d.name }, func(t testing.TB, d drop) {
			p := open(t, k, unlimited)
			c, _ := p.ends(role)
			waiting := map[string]func(context.Context, *websocket.Conn) error{
				"Read": read, "Write": writeMuch, "another Write": writeMuch,
				"Ping": ping,
			}
			type result struct {
				name string
				err  error
			}
			over := make(chan result, len(waiting))
			for name, f := range waiting {
				go func() { over <- result{name, f(context.Background(), c)} }()
			}
			time.Sleep(wait) // most calls are blocked after it; no verdict depends on that
			begun := time.Now()
			dropped := make(chan struct{})
			go func() { d.call(c); close(dropped) }()
			left := len(waiting)
			for bound := time.After(hang); left > 0 || dropped != nil; {
				select {
				case <-dropped:
					dropped = nil
					if c.Context().Err() == nil {
						t.Error("wrong end: the context of the connection has not ended")
					}
				case r := <-over:
					left--
					if !errors.Is(r.err, d.want) || !errors.Is(r.err, net.ErrClosed) {
						t.Errorf("wrong error: %s: %v, want %v", r.name, r.err, d.want)
					}
				case <-bound:
					t.Errorf("hang: %d calls have not returned %v after %s (which returned: %v)",
						left, hang, d.name, dropped == nil)
					p.kill()
					return
				}
			}
			wantNotLate(t, k, begun.Add(-wait), false)
		})
	})
}
