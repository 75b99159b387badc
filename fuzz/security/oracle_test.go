package security

import (
	"bytes"
	"context"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A tap counts the bytes that a client reads.
type tap struct {
	net.Conn
	n *int
}

func (t tap) Read(p []byte) (int, error) {
	n, err := t.Conn.Read(p)
	*t.n += n
	return n, err
}

// sizes returns the size on the wire of a secret that the server sends after each of the
// guesses, which are the attacker's text.
func sizes(
	t *testing.T, secret string, guesses []string, write func(*websocket.Conn, context.Context, []byte) error,
) (all []int) {
	t.Helper()
	for _, guess := range guesses {
		h := websocket.Handler{
			Options: &websocket.AcceptOptions{Extensions: []wire.Extension{deflate.MustNew(nil)}},
			Serve: func(ctx context.Context, c *websocket.Conn) error {
				if err := c.Write(ctx, websocket.Text, []byte(guess)); err != nil {
					return err
				}
				if _, _, err := c.Read(ctx); err != nil {
					return err
				}
				if err := write(c, ctx, []byte(secret)); err != nil {
					return err
				}
				_, _, err := c.Read(ctx) // otherwise a close frame would be counted
				return err
			},
		}
		n := 0
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		c, _, err := websocket.Dial(ctx, "ws://"+serve(t, h), &websocket.DialOptions{
			Extensions: []wire.Extension{deflate.MustNew(nil)},
			Proxy:      func(*http.Request) (*url.URL, error) { return nil, nil },
			NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
				nc, err := new(net.Dialer).DialContext(ctx, network, addr)
				return tap{nc, &n}, err
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{guess, secret} {
			n = 0 // the response is not counted
			if _, got, err := c.Read(ctx); err != nil || !bytes.Equal(got, []byte(want)) {
				t.Fatalf("%q, %v; want %q", got, err, want)
			}
			if want == guess {
				c.Write(ctx, websocket.Text, nil)
			}
		}
		all = append(all, n)
		c.CloseNow()
		cancel()
	}
	return all
}

// digits returns 160 hexadecimal digits for a seed.
func digits(seed uint64) string {
	rnd := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, 160)
	for i := range b {
		b[i] = "0123456789abcdef"[rnd.IntN(16)]
	}
	return string(b)
}

// TestPlainTellsNothing checks that the size of a compressed secret reveals how similar the
// secret is to an attacker's text (RFC 7692, section 8), and that the size of a secret
// written plain does not.
func TestPlainTellsNothing(t *testing.T) {
	secret := digits(1)
	guesses := []string{secret, secret[:100] + digits(2)[100:], digits(2)}
	if all := sizes(t, secret, guesses, func(c *websocket.Conn, ctx context.Context, p []byte) error {
		return c.Write(ctx, websocket.Text, p)
	}); all[0] >= all[1] || all[1] >= all[2] {
		t.Errorf("sizes %v of a compressed message do not depend on the guess", all)
	}
	if all := sizes(t, secret, guesses, func(c *websocket.Conn, ctx context.Context, p []byte) error {
		return c.WritePlain(ctx, websocket.Text, p)
	}); all[0] != all[1] || all[1] != all[2] {
		t.Errorf("sizes %v of a plain message depend on the guess", all)
	}
}
