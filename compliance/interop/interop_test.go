package interop

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hawser-ws/hawser/deflate"
	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// limit is the time limit of a row.
const limit = time.Minute

var limits = websocket.Limits{MaxMessage: 2 << 20}

// testPeer tests the rows of a peer, and compares the sizes of their messages on the wire.
// Unless all rows are required, it tests a sample.
func testPeer(t *testing.T, name string, traits traits, newPeer func() peer) {
	var results []result
	for _, h := range handshakesOf(t, name) {
		if !required() && !h.sample(traits) {
			continue
		}
		t.Run(strings.ReplaceAll(h.String(), " ", "_"), func(t *testing.T) {
			r := result{h, run(t, h, traits, newPeer()), traits}
			if t.Failed() || r.payload == 0 {
				return
			}
			r.checkCompressed(t)
			results = append(results, r)
		})
	}
	checkTakeover(t, results)
	checkWindows(t, results)
}

// run tests one row: a handshake, an exchange and a close. It returns no figures without
// compression, or if the handshake or the connection must fail.
func run(t *testing.T, h handshake, traits traits, p peer) figures {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	var c *websocket.Conn
	var tap *tap
	var err error
	if h.role == "client" {
		c, tap, err = accept(ctx, t, h, p)
	} else {
		c, tap, err = dial(ctx, t, h, p)
	}
	if c != nil {
		defer c.CloseNow()
	}
	if tap != nil {
		checkHandshake(t, h, tap)
	}
	if h.refused != "" {
		checkRefused(ctx, t, h, c, err, p)
		return figures{}
	}
	if err != nil {
		t.Fatalf("%v; the peer reports %+v", err, p.stop())
	}

	x := newExchange(ctx, t, c, tap)
	if h.broken != "" {
		x.broken(h, p)
		return figures{}
	}
	f := x.messages(h, traits)
	peerCloses := h.noTakeover && !traits.dropsAfterClose
	x.end(peerCloses)
	r := p.stop()
	if r.Error != "" || r.Code != 1000 || !peerCloses && r.Reason != "done" {
		t.Errorf("the peer reports %+v after the close", r)
	}
	if noSpaces(r.Extensions) != noSpaces(h.answer) { // some peers report the parsed answer
		t.Errorf("the peer reports the answer %q, want %q", r.Extensions, h.answer)
	}
	return f
}

func noSpaces(s string) string { return strings.ReplaceAll(s, " ", "") }

// checkHandshake compares the fields on the wire with those of the row.
func checkHandshake(t *testing.T, h handshake, tap *tap) {
	t.Helper()
	got := h
	got.offer, got.answer = tap.extensions()
	if h.role == "server" {
		got.offer, got.answer = got.answer, got.offer
	}
	if diff := cmp.Diff(h, got, cmp.AllowUnexported(handshake{})); diff != "" {
		t.Errorf("handshake (-want +got):\n%s", diff)
	}
}

// checkRefused requires the expected error of the side that refuses the handshake, and that
// the other side has no connection.
func checkRefused(ctx context.Context, t *testing.T, h handshake, c *websocket.Conn, err error, p peer) {
	t.Helper()
	if c != nil { // the peer refuses our answer
		if _, _, err := c.Read(ctx); !errors.Is(err, net.ErrClosed) {
			t.Errorf("read from a peer that refused the answer: %v", err)
		}
	}
	r := p.stop()
	var ours string
	if err != nil {
		ours = err.Error()
	}
	if !strings.Contains(r.Error, h.refused) && !strings.Contains(ours, h.refused) {
		t.Errorf("the peer's error is %q and ours %q, want %q", r.Error, ours, h.refused)
	}
}

// accept starts a server and the peer, and accepts the peer's connection.
func accept(ctx context.Context, t *testing.T, h handshake, p peer) (*websocket.Conn, *tap, error) {
	type accepted struct {
		*websocket.Conn
		*tap
		error
	}
	conns := make(chan accepted, 1)
	opts := &websocket.AcceptOptions{
		Extensions: []wire.Extension{deflate.MustNew(h.options())},
		Limits:     limits,
		Origins:    []string{"http://127.0.0.1:*"}, // of the page in a browser
	}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, opts)
		select {
		case conns <- accepted{c, r.Context().Value(tapKey{}).(*tap), err}:
		default: // a second connection, which no peer opens
		}
	}))
	s.Listener = tapListener{s.Listener}
	s.Config.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		return context.WithValue(ctx, tapKey{}, c)
	}
	s.Start()
	t.Cleanup(s.Close)

	setup := h.setup()
	setup.URL = "ws" + strings.TrimPrefix(s.URL, "http") + "/echo"
	p.start(ctx, t, setup)
	if h.refused != "" && h.offer == "" {
		return nil, nil, nil // the peer sends no offer
	}
	select {
	case a := <-conns:
		return a.Conn, a.tap, a.error
	case <-ctx.Done():
		return nil, nil, ctx.Err()
	}
}

type tapKey struct{}

// A tapListener wraps the connections that it accepts in taps.
type tapListener struct{ net.Listener }

func (l tapListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return &tap{Conn: c}, nil
}

// dial starts the peer as a server and connects to it.
func dial(ctx context.Context, t *testing.T, h handshake, p peer) (*websocket.Conn, *tap, error) {
	p.start(ctx, t, h.setup())
	if p.url() == "" {
		return nil, nil, errors.New("the server did not start")
	}
	var under *tap
	c, _, err := websocket.Dial(ctx, p.url(), &websocket.DialOptions{
		Extensions: []wire.Extension{deflate.MustNew(h.options())},
		Limits:     limits,
		Proxy:      func(*http.Request) (*url.URL, error) { return nil, nil },
		NetDial: func(ctx context.Context, network, addr string) (net.Conn, error) {
			nc, err := new(net.Dialer).DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			under = &tap{Conn: nc}
			return under, nil
		},
	})
	return c, under, err
}
