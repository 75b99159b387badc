package transports

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// The contexts of writes end while the peer reads. Each message that arrives is complete and arrives once.
func TestCutsMeetReads(t *testing.T) {
	each(t, func(t *testing.T, k *kind, role wire.Role) {
		if !k.memory {
			return
		}
		rows(t, k, []string{"messages"}, func(s string) string { return s }, func(t testing.TB, _ string) {
			p := open(t, k, websocket.Limits{MaxMessage: -1, CloseTimeout: -1})
			c, peer := p.ends(role)
			read := make(chan error, 1)
			go func() { read <- readCuts(peer) }()
			for n := byte(0); n < 30; n++ {
				ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
				err := c.Write(ctx, websocket.Binary, bytes.Repeat([]byte{n}, 100<<10))
				cancel()
				if errors.Is(err, context.DeadlineExceeded) {
					time.Sleep(5 * time.Millisecond)
				}
			}
			c.CloseNow()
			if err := <-read; err != nil {
				t.Error(err)
			}
		})
	})
}

// readCuts reads a piece every millisecond, and checks that the messages are unchanged.
func readCuts(c *websocket.Conn) error {
	last, buf := -1, make([]byte, 20<<10)
	for {
		r, err := c.Reader(context.Background())
		if err != nil {
			return intact(err)
		}
		first := -1
		for {
			n, err := r.Read(buf)
			for _, b := range buf[:n] {
				if first < 0 {
					first = int(b)
				}
				if int(b) != first || first <= last {
					return errChanged
				}
			}
			if n > 0 {
				time.Sleep(time.Millisecond)
			}
			if err != nil {
				if err = intact(err); err != nil {
					return err
				}
				break
			}
		}
		last = first
	}
}

// intact returns err if a message has changed on its way, and nil for any other error.
func intact(err error) error {
	var broken *wire.Error
	if errors.As(err, &broken) {
		return errors.Join(errChanged, err)
	}
	return nil
}
