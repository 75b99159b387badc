package wstest_test

import (
	"context"
	"errors"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// muteLog discards what servers log about panics until the end of the test.
func muteLog(t *testing.T) {
	t.Helper()
	old := log.Writer()
	log.SetOutput(io.Discard)
	t.Cleanup(func() { log.SetOutput(old) })
}

// TestPair sends a message each way, and closes. A bubble shows that no goroutine is left.
func TestPair(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		server, client, err := wstest.Pair(nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx := forAMinute(t)
		for from, to := range map[*websocket.Conn]*websocket.Conn{server: client, client: server} {
			if err := from.Write(ctx, websocket.Text, []byte("hello")); err != nil {
				t.Error(err)
			}
			if typ, p, err := to.Read(ctx); typ != websocket.Text || string(p) != "hello" || err != nil {
				t.Errorf("%v, %q, %v", typ, p, err)
			}
		}
		server.CloseRead()
		if err := client.Close(ctx, websocket.StatusNormalClosure, "bye"); err != nil {
			t.Error(err)
		}
		<-server.Context().Done()
		if got := server.Closure(); !got.Clean || !got.ByPeer || got.Received.Reason != "bye" {
			t.Errorf("%+v", got)
		}
	})
}

// TestPairCloseNow checks that nothing is left, whichever end is closed first.
func TestPairCloseNow(t *testing.T) {
	for _, serverFirst := range []bool{false, true} {
		inBubbleAndOut(t, func(t *testing.T) {
			server, client, err := wstest.Pair(nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			conns := []*websocket.Conn{client, server}
			if serverFirst {
				conns = []*websocket.Conn{server, client}
			}
			conns[0].CloseNow()
			if _, _, err := conns[1].Read(forAMinute(t)); !errors.Is(err, io.ErrUnexpectedEOF) {
				t.Error(err)
			}
			conns[1].CloseNow()
		})
	}
}

// TestPairOptions checks that both options have their effects, except those that Pair replaces, and
// are not changed.
func TestPairOptions(t *testing.T) {
	inBubbleAndOut(t, func(t *testing.T) {
		var group websocket.Group
		var accepted *websocket.Conn
		var request *http.Request
		accept := &websocket.AcceptOptions{
			Subprotocols: []string{"b", "c"},
			Limits:       websocket.Limits{MaxMessage: 3},
			Group:        &group,
			Events: &websocket.Events{
				Accepted: func(r *http.Request, c *websocket.Conn) { request, accepted = r, c },
			},
		}
		calls := 0
		unused := func(context.Context, string, string) (net.Conn, error) {
			calls++
			return nil, io.EOF
		}
		dial := &websocket.DialOptions{
			Subprotocols: []string{"a", "b"},
			Header:       http.Header{"Authorization": {"Bearer x"}},
			NetDial:      unused,
			DialTLS:      unused,
			Proxy:        func(*http.Request) (*url.URL, error) { calls++; return nil, io.EOF },
		}
		server, client, err := wstest.Pair(accept, dial)
		if err != nil {
			t.Fatal(err)
		}
		if server.Subprotocol() != "b" || client.Subprotocol() != "b" {
			t.Errorf("%q, %q", server.Subprotocol(), client.Subprotocol())
		}
		if accepted != server || request.Header.Get("Authorization") != "Bearer x" ||
			request.Host != "example.com" || group.Len() != 1 {
			t.Errorf("%v, %v, %d connections", accepted, request, group.Len())
		}
		ctx := forAMinute(t)
		if err := client.Write(ctx, websocket.Text, []byte("long")); err != nil {
			t.Error(err)
		}
		if _, _, err := server.Read(ctx); err == nil {
			t.Error("Limits of accept had no effect")
		}
		if _, _, err := client.Read(ctx); websocket.CloseStatus(err) != websocket.StatusMessageTooBig {
			t.Error(err)
		}
		server.CloseNow()
		client.CloseNow()
		if calls != 0 {
			t.Error("Pair called a function that it should not use")
		}
		dial.NetDial(ctx, "", "")
		dial.Proxy(nil)
		if calls != 2 {
			t.Error("Pair changed the options")
		}
	})
}

// TestPairRefused checks handshakes that fail, each for its own reason: the error is that of Dial,
// and nothing is left.
func TestPairRefused(t *testing.T) {
	muteLog(t)
	for name, c := range map[string]struct {
		accept websocket.AcceptOptions
		dial   websocket.DialOptions
		status int
		text   string
	}{
		"origin": {
			dial:   websocket.DialOptions{Header: http.Header{"Origin": {"https://other.example"}}},
			status: http.StatusForbidden, text: "origin is not allowed",
		},
		"Configure": {
			accept: websocket.AcceptOptions{Configure: func(*http.Request, *websocket.AcceptOptions) error {
				return &websocket.HandshakeError{Status: http.StatusUnauthorized, Err: errors.New("who are you?")}
			}},
			status: http.StatusUnauthorized, text: "who are you?",
		},
		"panic of Configure": {
			accept: websocket.AcceptOptions{Configure: func(*http.Request, *websocket.AcceptOptions) error {
				panic("of the test")
			}},
			text: "EOF",
		},
		"invalid AcceptOptions": {
			accept: websocket.AcceptOptions{Subprotocols: []string{"a,b"}},
			status: http.StatusInternalServerError, text: "see the server log",
		},
		"invalid DialOptions": {
			dial: websocket.DialOptions{Header: http.Header{"Upgrade": {"h2c"}}},
			text: "DialOptions.Header",
		},
		"the client refuses": { // when the server has accepted
			dial: websocket.DialOptions{Limits: websocket.Limits{MaxResponseHeader: 10}},
			text: "MaxResponseHeader",
		},
	} {
		t.Run(name, func(t *testing.T) {
			inBubbleAndOut(t, func(t *testing.T) {
				var group websocket.Group
				var conn *websocket.Conn
				c.accept.Group = &group
				c.accept.Events = &websocket.Events{
					Accepted: func(_ *http.Request, c *websocket.Conn) { conn = c },
				}
				server, client, err := wstest.Pair(&c.accept, &c.dial)
				var e *websocket.HandshakeError
				if server != nil || client != nil || !errors.As(err, &e) || e.Status != c.status ||
					!strings.Contains(err.Error(), c.text) {
					t.Errorf("%v, %v, %v", server, client, err)
				}
				if conn != nil && conn.Context().Err() == nil || group.Len() != 0 {
					t.Errorf("%v is left open", conn)
				}
			})
		})
	}
}

// TestPairWaits checks that Pair waits for Accept, which may return long after Dial.
func TestPairWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		server, client, err := wstest.Pair(&websocket.AcceptOptions{Events: &websocket.Events{
			Accepted: func(*http.Request, *websocket.Conn) { time.Sleep(time.Hour) },
		}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		server.CloseNow()
		client.CloseNow()
	})
}

// TestPairAcceptedPanics checks a panic of Accept when the client has the response.
func TestPairAcceptedPanics(t *testing.T) {
	muteLog(t)
	inBubbleAndOut(t, func(t *testing.T) {
		var conn *websocket.Conn
		server, client, err := wstest.Pair(&websocket.AcceptOptions{Events: &websocket.Events{
			Accepted: func(*http.Request, *websocket.Conn) { panic("of the test") },
		}}, &websocket.DialOptions{Events: &websocket.Events{
			Accepted: func(_ *http.Request, c *websocket.Conn) { conn = c },
		}})
		if server != nil || client != nil || err == nil || !strings.Contains(err.Error(), "panic in Accept") {
			t.Errorf("%v, %v, %v", server, client, err)
		}
		if conn.Context().Err() == nil {
			t.Error("the client is left open")
		}
	})
}

// TestPairKeepsTime checks that an hour of silence, which keepalive breaks with pings, passes at
// once, and that keepalive notices a connection that is stalled.
func TestPairKeepsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pongs := 0
		server, client, err := wstest.Pair(&websocket.AcceptOptions{
			Events: &websocket.Events{Pong: func(*websocket.Conn, time.Duration) { pongs++ }},
			Limits: websocket.Limits{PingInterval: 30 * time.Second, PongTimeout: 10 * time.Second},
		}, nil)
		if err != nil {
			t.Fatal(err)
		}
		defer client.CloseNow()
		defer server.CloseNow()
		client.CloseRead()
		begun := time.Now()
		time.AfterFunc(time.Hour, wstest.Incoming(server.NetConn()).Stall)
		_, _, err = server.Read(t.Context())
		took := time.Since(begun)
		if !errors.Is(err, websocket.ErrNoPong) || took < time.Hour || took > time.Hour+50*time.Second {
			t.Errorf("%v after %v", err, took)
		}
		if pongs < 90 {
			t.Errorf("%d pongs", pongs)
		}
	})
}
