package transports

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Messages of each length encoding arrive unchanged in both directions at once, and the closing handshake is
// clean.
func TestExchange(t *testing.T) {
	sizes := []int{0, 1, 125, 126, 70_000, 300_000} // the last takes two writes
	each(t, func(t *testing.T, k *kind, role wire.Role) {
		rows(t, k, []string{"messages"}, func(s string) string { return s }, func(t testing.TB, _ string) {
			p := open(t, k, websocket.Limits{MaxMessage: -1})
			c, peer := p.ends(role)
			ctx, cancel := context.WithTimeout(context.Background(), hang)
			defer cancel()
			failed := make(chan error, 4)
			for _, end := range []*websocket.Conn{c, peer} {
				go func() {
					for _, n := range sizes {
						if err := end.Write(ctx, websocket.Binary, pattern(n)); err != nil {
							failed <- err
							return
						}
					}
					failed <- nil
				}()
				go func() {
					for _, n := range sizes {
						_, got, err := end.Read(ctx)
						if err == nil {
							err = unchanged(pattern(n), got)
						}
						if err != nil {
							failed <- err
							return
						}
					}
					failed <- nil
				}()
			}
			for range cap(failed) {
				check(t, <-failed)
			}
			closeBoth(t, c, peer)
		})
	})
}

// pattern returns n varying bytes, which the caller must not change.
func pattern(n int) []byte { return patterns()[:n:n] }

var patterns = sync.OnceValue(func() []byte {
	p := make([]byte, 300_000)
	for i := range p {
		p[i] = byte(i * 7 >> (i & 3))
	}
	return p
})

// closeBoth closes c while its peer reads, and checks that both ends are clean.
func closeBoth(t testing.TB, c, peer *websocket.Conn) {
	t.Helper()
	read := make(chan error, 1)
	go func() { _, _, err := peer.Read(context.Background()); read <- err }()
	begun := time.Now()
	if err := c.Close(context.Background(), websocket.StatusNormalClosure, "done"); err != nil {
		t.Errorf("Close: %v", err)
	}
	var got *websocket.CloseError
	err := <-read
	errors.As(err, &got)
	want := &websocket.CloseError{Code: websocket.StatusNormalClosure, Reason: "done"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("Read: %v; it differs (-want +got):\n%s", err, diff)
	}
	t.Logf("the closing handshake took %v", time.Since(begun))
	for _, end := range []*websocket.Conn{c, peer} {
		if v := end.Closure(); !v.Clean || end.Context().Err() == nil {
			t.Errorf("the connection did not end cleanly: %+v", v)
		}
	}
}
