package wsprom_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsprom"
)

// A server and its clients count the same messages and connections, each from its own side.
func TestServerAndClient(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reg := prometheus.NewPedanticRegistry()
	ended := make(chan struct{}, 2) // one for each side
	events := func(role string) *websocket.Events {
		c := wsprom.New()
		prometheus.WrapRegistererWith(prometheus.Labels{"role": role}, reg).MustRegister(c)
		return websocket.JoinEvents(c.Events(), &websocket.Events{
			Refused: func(*http.Request, *websocket.HandshakeError) { ended <- struct{}{} },
			Closed:  func(*websocket.Conn, websocket.Closure) { ended <- struct{}{} },
		})
	}
	server := httptest.NewServer(websocket.Handler{
		Serve: echo,
		Options: &websocket.AcceptOptions{
			Limits: websocket.Limits{MaxMessage: 1000},
			Events: events("server"),
		},
	})
	defer server.Close()
	dial := &websocket.DialOptions{Events: events("client")}

	for _, end := range []func(c *websocket.Conn){
		func(c *websocket.Conn) { c.Close(ctx, websocket.StatusGoingAway, "") },
		func(c *websocket.Conn) { c.CloseNow() },
		func(c *websocket.Conn) {
			if err := c.Write(ctx, websocket.Binary, make([]byte, 1001)); err != nil {
				t.Error(err)
			}
			if _, _, err := c.Read(ctx); err == nil {
				t.Error("the server accepted a message that is too big")
			}
		},
	} {
		c := dialEcho(ctx, t, server.URL, dial)
		end(c)
		awaitBoth(ctx, t, ended)
	}
	dial.Header = http.Header{"Origin": {"https://example.com"}}
	if c, _, err := websocket.Dial(ctx, server.URL, dial); err == nil {
		c.CloseNow()
		t.Fatal("the server accepted a foreign origin")
	}
	awaitBoth(ctx, t, ended)

	got := gather(t, reg)
	for _, role := range []string{"server", "client"} {
		name := "websocket_connection_duration_seconds_sum[role=" + role + "]"
		if got[name] <= 0 {
			t.Errorf("%s is %v", name, got[name])
		}
		delete(got, name)
	}
	if diff := cmp.Diff(serverAndClient(), got); diff != "" {
		t.Errorf("series (-want +got):\n%s", diff)
	}
}

// serverAndClient returns the series of TestServerAndClient.
func serverAndClient() map[string]float64 {
	const (
		accepted = "websocket_connections_accepted_total"
		closed   = "websocket_connections_closed_total"
		lasted   = "websocket_connection_duration_seconds_count"
		refused  = "websocket_handshakes_refused_total"
		size     = "websocket_message_size_bytes"
		wire     = "websocket_message_wire_bytes_total"
	)
	want := map[string]float64{
		refused + "[role=server status=403]": 1,
		refused + "[role=client status=403]": 1,

		closed + "[clean=true code=1001 role=server side=peer]":   1,
		closed + "[clean=true code=1001 role=client side=local]":  1,
		closed + "[clean=false code=1006 role=server side=peer]":  1,
		closed + "[clean=false code=1006 role=client side=local]": 1,
		closed + "[clean=false code=1009 role=server side=local]": 1, // it does not wait for an answer
		closed + "[clean=true code=1009 role=client side=peer]":   1,

		size + "_count[direction=sent role=client type=binary]": 1,
		size + "_sum[direction=sent role=client type=binary]":   1001,
		wire + "[direction=sent role=client type=binary]":       1001,
	}
	for _, role := range []string{"server", "client"} {
		want[accepted+"[role="+role+"]"] = 3
		want[lasted+"[role="+role+"]"] = 3
		for _, direction := range []string{"received", "sent"} {
			labels := "[direction=" + direction + " role=" + role + " type=text]"
			want[size+"_count"+labels] = 3
			want[size+"_sum"+labels] = 15
			want[wire+labels] = 15
		}
	}
	return want
}

// awaitBoth waits until both sides have recorded the end of a connection or of a handshake.
func awaitBoth(ctx context.Context, t *testing.T, ended <-chan struct{}) {
	t.Helper()
	for range 2 {
		select {
		case <-ended:
		case <-ctx.Done():
			t.Fatal("a side has recorded no end")
		}
	}
}

// dialEcho opens a connection and sends a message of five bytes, which comes back.
func dialEcho(ctx context.Context, t *testing.T, url string, opts *websocket.DialOptions) *websocket.Conn {
	t.Helper()
	c, _, err := websocket.Dial(ctx, url, opts)
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		t.Fatal(err)
	}
	if _, p, err := c.Read(ctx); err != nil || string(p) != "hello" {
		t.Fatalf("read %q, %v", p, err)
	}
	return c
}
