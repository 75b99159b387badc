package websocket_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// Len counts connections that are open, closing, or still served. Conns yields those that are open.
func TestGroupLenAndConns(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		if g.Len() != 0 || len(slices.Collect(g.Conns())) != 0 {
			t.Error("a new Group has connections")
		}
		goOn := make(chan struct{})
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: func(ctx context.Context, c *Conn) error {
			<-ctx.Done()
			<-goOn
			return nil
		}}
		want := func(when string, length, open int) {
			t.Helper()
			synctest.Wait()
			if n, all := g.Len(), slices.Collect(g.Conns()); n != length || len(all) != open {
				t.Errorf("%s: got Len %d and %d connections, want %d and %d", when, n, len(all), length, open)
			}
		}
		first := joinGroup(t, h)
		want("while the 101 is sent", 1, 0)
		first.opened()
		for range 4 {
			joinGroup(t, h).opened()
		}
		want("after five handshakes", 5, 5)
		n := 0
		for c := range g.Conns() {
			for other := range g.Conns() {
				if other != c {
					other.CloseNow()
					break
				}
			}
			if n++; n == 2 {
				break
			}
		}
		want("after CloseNow of two in the loop", 5, 3)
		for c := range g.Conns() {
			c.CloseNow()
		}
		want("while Serve has not returned", 5, 0)
		close(goOn)
		want("in the end", 0, 0)
	})
}

// A loop over Conns sees neither those that have ended since it began nor those that have joined.
func TestGroupConnsChange(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: untilEnd}
		for range 3 {
			joinGroup(t, h).opened()
		}
		synctest.Wait()
		seen := 0
		for c := range g.Conns() {
			seen++
			joinGroup(t, h).opened()
			for other := range g.Conns() {
				if other != c {
					other.CloseNow()
				}
			}
		}
		if seen != 1 {
			t.Errorf("the loop saw %d connections, want 1", seen)
		}
		for c := range g.Conns() {
			c.CloseNow()
		}
	})
}

// MaxConns is exact, however many requests arrive at once. The others get 503 with Retry-After and
// lose their connection. A connection that ends makes room for another.
func TestGroupMaxConns(t *testing.T) {
	checkLeaks(t)
	const most, clients = 5, 40
	g := &Group{MaxConns: most, RetryAfter: 1500 * time.Millisecond}
	addr, logged := serveRaw(t, Handler{Options: &AcceptOptions{Group: g}, Serve: untilEnd}, nil)
	var wg sync.WaitGroup
	open := make(chan *peer, clients)
	for range clients {
		client := dialRaw(t, addr)
		wg.Go(func() {
			client.Write([]byte(handshake()))
			r := client.response()
			switch r.status {
			case "HTTP/1.1 101 Switching Protocols":
				open <- client
				return
			case "HTTP/1.1 503 Service Unavailable":
			default:
				t.Errorf("answered %s, want 101 or 503", r.status)
			}
			if r.body != "server has too many connections\n" ||
				!slices.Equal(r.get("Retry-After"), []string{"2"}) ||
				!slices.Equal(r.get("Connection"), []string{"close"}) {
				t.Errorf("answered %q %q", r.fields, r.body)
			}
			client.ExpectEOF()
		})
	}
	wg.Wait()
	if len(open) != most || g.Len() != most {
		t.Fatalf("%d connections are open, and Len is %d, want %d", len(open), g.Len(), most)
	}
	client := <-open
	client.SendClose(StatusNormalClosure, "")
	client.ExpectClose(StatusNormalClosure)
	client.ExpectEOF()
	for deadline := time.Now().Add(time.Minute); g.Len() == most && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	client = dialRaw(t, addr)
	client.Write([]byte(handshake()))
	client.opened()
	if s := logged.String(); s != "" {
		t.Errorf("logged %q, want nothing", s)
	}
	for client.nc.Close(); len(open) > 0; {
		(<-open).nc.Close()
	}
	noError(t, g.Shutdown(bounded(t)))
}

// A place is taken before the 101 is sent.
func TestGroupMaxConnsWhileOpening(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := &Group{MaxConns: 2}
		h := Handler{Options: &AcceptOptions{Group: g}, Serve: untilEnd}
		first, second := joinGroup(t, h), joinGroup(t, h)
		synctest.Wait()
		if w := refused(t, g); w.Code != http.StatusServiceUnavailable {
			t.Errorf("answered %d while two handshakes are in progress, want 503", w.Code)
		}
		first.nc.Close()
		synctest.Wait()
		third := joinGroup(t, h).opened()
		second.opened().nc.Close()
		third.nc.Close()
	})
}

// RetryAfter is rounded up to a second.
func TestGroupRetryAfter(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "1", 1: "1", time.Second: "1", time.Second + 1: "2", time.Minute: "60", -1: "",
	} {
		g := &Group{RetryAfter: d}
		noError(t, g.Shutdown(t.Context()))
		w := refused(t, g)
		if got := w.Header().Get("Retry-After"); w.Code != http.StatusServiceUnavailable || got != want {
			t.Errorf("%v: got %d with Retry-After %q, want 503 with %q", d, w.Code, got, want)
		}
		if got := w.Body.String(); got != "server is shutting down\n" {
			t.Errorf("%v: answered %q", d, got)
		}
	}
}

// Accept returns a HandshakeError for a request that is refused.
func TestGroupRefusal(t *testing.T) {
	g := new(Group)
	noError(t, g.Shutdown(t.Context()))
	ext := &fakeExtension{name: "x"}
	r := newHandshake(t)
	r.Header.Set("Sec-WebSocket-Extensions", "x")
	opts := &AcceptOptions{Group: g, Extensions: []wire.Extension{ext}}
	_, err := Accept(httptest.NewRecorder(), r, opts)
	var e *HandshakeError
	if !errors.As(err, &e) || e.Status != http.StatusServiceUnavailable || ext.open != 0 {
		t.Errorf("got %v, and %d open sessions, want a HandshakeError with 503 and none", err, ext.open)
	}
	// A request with another fault gets the error for that fault.
	w := httptest.NewRecorder()
	r.Header.Set("Sec-WebSocket-Version", "12")
	if _, err := Accept(w, r, opts); err == nil || w.Code != http.StatusUpgradeRequired {
		t.Errorf("answered %d, %v, want 426", w.Code, err)
	}
}

// A handshake that fails gives its place back.
func TestGroupFailedHandshake(t *testing.T) {
	ext := &fakeExtension{name: "x", panics: true}
	for name, w := range map[string]http.ResponseWriter{
		"no Hijack":   httptest.NewRecorder(),
		"write error": scriptedHijack{httptest.NewRecorder(), &callRecorder{err: errors.New("broken")}},
		"panic":       scriptedHijack{httptest.NewRecorder(), &callRecorder{}},
	} {
		t.Run(name, func(t *testing.T) {
			g := &Group{MaxConns: 1}
			r := newHandshake(t)
			opts := &AcceptOptions{Group: g}
			if name == "panic" {
				r.Header.Set("Sec-WebSocket-Extensions", "x")
				opts.Extensions = []wire.Extension{ext}
			}
			for range 2 { // the place is not given back twice either
				func() {
					defer func() {
						if v := recover(); (v != nil) != (name == "panic") {
							t.Errorf("panicked with %v", v)
						}
					}()
					if c, err := Accept(w, r, opts); err == nil {
						t.Errorf("Accept returned %v", c)
					}
				}()
				if n := g.Len(); n != 0 {
					t.Errorf("Len is %d, want 0", n)
				}
			}
			noError(t, g.Shutdown(t.Context()))
		})
	}
}

// Configure chooses a Group for each request.
func TestGroupConfigured(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var guests, members Group
		h := Handler{Serve: untilEnd, Options: &AcceptOptions{
			Group: &guests,
			Configure: func(r *http.Request, o *AcceptOptions) error {
				if o.Group == &guests {
					o.Group = &members
				}
				return nil
			},
		}}
		client := joinGroup(t, h).opened()
		synctest.Wait()
		if guests.Len() != 0 || members.Len() != 1 {
			t.Errorf("the groups have %d and %d connections, want 0 and 1", guests.Len(), members.Len())
		}
		client.nc.Close()
		synctest.Wait()
		if members.Len() != 0 {
			t.Error("the connection is still in the group")
		}
	})
}

// A connection of Accept leaves the Group once its transport is closed. If it is drained after the
// closing handshake, that is later than the end of the connection.
func TestGroupOfAccept(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var g Group
		ours, theirs := duplexPair()
		accepted := start(func() *Conn {
			w := scriptedHijack{httptest.NewRecorder(), ours}
			c, err := Accept(w, newHandshake(t), &AcceptOptions{Group: &g})
			if err != nil {
				t.Error(err)
			}
			return c
		})
		client := peerOver(t, theirs, wire.Client)
		client.opened()
		c := <-accepted
		closed := start(func() error { return c.Close(context.Background(), StatusNormalClosure, "") })
		client.ExpectClose(StatusNormalClosure)
		client.SendClose(StatusNormalClosure, "")
		client.ExpectEOF()
		noError(t, <-closed)
		synctest.Wait()
		if n := g.Len(); n != 1 || len(slices.Collect(g.Conns())) != 0 {
			t.Errorf("Len is %d while the transport is drained, want 1, and no open connection", n)
		}
		client.nc.Close()
		synctest.Wait()
		if n := g.Len(); n != 0 {
			t.Errorf("Len is %d after the end, want 0", n)
		}
	})
}

// The end of the context that http.Server.BaseContext returned does not end a connection, with and
// without a Group. Its values stay.
func TestEndOfBaseContext(t *testing.T) {
	checkLeaks(t)
	for _, g := range []*Group{nil, new(Group)} {
		base, end := context.WithCancel(context.WithValue(context.Background(), contextKey{}, "ada"))
		h := Handler{Options: &AcceptOptions{Group: g}, Serve: func(ctx context.Context, c *Conn) error {
			for m, err := range c.Messages(ctx) {
				if err != nil {
					return err
				}
				name := ctx.Value(contextKey{}).(string)
				if err := c.Write(ctx, m.Type, append(m.Data, name...)); err != nil {
					return err
				}
			}
			return nil
		}}
		client, _ := serveWith(t, h, func(s *http.Server) {
			s.BaseContext = func(net.Listener) context.Context { return base }
		})
		client.Send(wire.OpText, true, "before ")
		client.Expect(wire.OpText, true, "before ada")
		end()
		client.Send(wire.OpText, true, "after ")
		client.Expect(wire.OpText, true, "after ada")
		if g != nil {
			done := start(func() error { return g.Shutdown(bounded(t)) })
			client.answerTo()
			noError(t, <-done)
		}
		client.nc.Close()
	}
}

// The log gets the panic of a function of OnControl that Shutdown has called.
func TestGroupPanicInShutdown(t *testing.T) {
	bubble(t, func(t *testing.T) {
		var logged bytes.Buffer
		var g Group
		ours, theirs := net.Pipe()
		server := &http.Server{ErrorLog: logTo(&logged)}
		r := newHandshake(t)
		r = r.WithContext(context.WithValue(r.Context(), http.ServerContextKey, server))
		h := Handler{Options: &AcceptOptions{Group: &g}, Serve: func(ctx context.Context, c *Conn) error {
			c.OnControl(func(wire.Opcode, []byte) bool { panic("bad day") })
			<-ctx.Done()
			return nil
		}}
		go h.ServeHTTP(scriptedHijack{httptest.NewRecorder(), ours}, r)
		client := peerOver(t, theirs, wire.Client)
		client.opened()
		synctest.Wait() // OnControl has been called
		done := shutdown(&g, time.Minute)
		client.ExpectClose(StatusGoingAway)
		client.Send(wire.OpPing, true, "")
		wantShutdown(t, <-done, "", 0)
		if s := logged.String(); !bytes.Contains(logged.Bytes(), []byte("panic serving pipe: bad day")) {
			t.Errorf("logged %q, want the panic", s)
		}
	})
}
