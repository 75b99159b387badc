package wsotel_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	sdk "go.opentelemetry.io/otel/sdk/metric"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/wsotel"
)

// A server and its client record the same connection, each from its own side.
func TestServerAndClient(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	reader := sdk.NewManualReader()
	provider := sdk.NewMeterProvider(sdk.WithReader(reader))
	ended := make(chan struct{}, 2) // one for each side
	events := func(role string) *websocket.Events {
		e, err := wsotel.New(provider, attribute.String("role", role))
		if err != nil {
			t.Fatal(err)
		}
		return websocket.JoinEvents(e, &websocket.Events{
			Refused: func(*http.Request, *websocket.HandshakeError) { ended <- struct{}{} },
			Closed:  func(*websocket.Conn, websocket.Closure) { ended <- struct{}{} },
		})
	}
	server := httptest.NewServer(websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Events: events("server")},
	})
	defer server.Close()
	opts := &websocket.DialOptions{Events: events("client")}
	c := dialEcho(ctx, t, server.URL, opts)
	defer c.CloseNow()
	if err := c.Close(ctx, websocket.StatusNormalClosure, ""); err != nil {
		t.Fatal(err)
	}
	awaitBoth(ctx, t, ended)
	opts.Header = http.Header{"Origin": {"https://example.com"}}
	if c, _, err := websocket.Dial(ctx, server.URL, opts); err == nil {
		c.CloseNow()
		t.Fatal("the server accepted a foreign origin")
	}
	awaitBoth(ctx, t, ended)

	want := make(map[string]float64)
	for role, side := range map[string]string{"server": "peer", "client": "local"} {
		want["websocket.accepted_connections{role="+role+"}"] = 1
		want["websocket.closed_connections{role="+role+",websocket.close.clean=true,"+
			"websocket.close.code=1000,websocket.close.side="+side+"}"] = 1
		want["websocket.connection.duration count{role="+role+"}"] = 1
		want["websocket.refused_handshakes{error.type=403,role="+role+"}"] = 1
		for _, direction := range []string{"receive", "transmit"} {
			attrs := "{network.io.direction=" + direction + ",role=" + role + ",websocket.message.type=text}"
			want["websocket.message.size count"+attrs] = 1
			want["websocket.message.size sum"+attrs] = 5
			want["websocket.message.wire_size"+attrs] = 5
		}
	}
	got := points(t, reader)
	for _, role := range []string{"server", "client"} {
		name := "websocket.connection.duration sum{role=" + role + "}"
		if got[name] > 0 {
			delete(got, name)
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("points (-want +got):\n%s", diff)
	}
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
