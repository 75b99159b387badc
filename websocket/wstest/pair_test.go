package wstest

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// inside and outside run f in a bubble and without one.
func inBoth(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	t.Run("bubble", func(t *testing.T) { synctest.Test(t, f) })
	t.Run("plain", f)
}

func bounded(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestPairFirst(t *testing.T) {
	inBoth(t, func(t *testing.T) {
		server, client, err := Pair(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := bounded(t)
		if err := client.Write(ctx, websocket.Text, []byte("hello")); err != nil {
			t.Error(err)
		}
		typ, p, err := server.Read(ctx)
		if typ != websocket.Text || string(p) != "hello" || err != nil {
			t.Errorf("%v %q %v", typ, p, err)
		}
		go server.Read(ctx)
		if err := client.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
			t.Error(err)
		}
		server.CloseNow()
	})
}

func TestPairRefused(t *testing.T) {
	inBoth(t, func(t *testing.T) {
		server, client, err := Pair(nil, &websocket.DialOptions{Header: http.Header{"Origin": {"https://evil.example"}}})
		var e *websocket.HandshakeError
		if server != nil || client != nil || !errors.As(err, &e) || e.Status != 403 {
			t.Errorf("%v %v %v", server, client, err)
		}
	})
}

func TestNetDialFirst(t *testing.T) {
	inBoth(t, func(t *testing.T) {
		h := websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
			_, p, err := c.Read(ctx)
			if err == nil {
				err = c.Write(ctx, websocket.Text, p)
			}
			return err
		}}
		c, _, err := websocket.Dial(bounded(t), "ws://example.com/x", &websocket.DialOptions{NetDial: NetDial(h)})
		if err != nil {
			t.Fatal(err)
		}
		c.Write(bounded(t), websocket.Text, []byte("hi"))
		_, p, err := c.Read(bounded(t))
		if string(p) != "hi" || err != nil {
			t.Errorf("%q %v", p, err)
		}
		c.Read(bounded(t))
		c.CloseNow()
	})
}
