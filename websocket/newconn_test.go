package websocket_test

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

// A Conn without options is a server with the default limits.
func TestNewConnDefaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		c := NewConn(context.Background(), ours, nil)
		defer c.CloseNow()
		p := peerOver(t, theirs, wire.Client)
		go p.Send(wire.OpBinary, true, "masked")
		if typ, data, err := c.Read(t.Context()); typ != Binary || string(data) != "masked" || err != nil {
			t.Errorf("got %v %q, %v, want the masked message", typ, data, err)
		}
		if c.Subprotocol() != "" || !reflect.DeepEqual(c.Extension(), wire.ExtensionSpec{}) ||
			c.NetConn() != ours {
			t.Errorf("got subprotocol %q, extension %v and transport %v, want none and the pipe",
				c.Subprotocol(), c.Extension(), c.NetConn())
		}
		if n := c.MaxMessage(); n != DefaultMaxMessage {
			t.Errorf("got MaxMessage %d, want %d", n, DefaultMaxMessage)
		}
		started := time.Now()
		err := c.Close(t.Context(), StatusNormalClosure, "")
		after := time.Since(started)
		if !errors.Is(err, context.DeadlineExceeded) || after != DefaultCloseTimeout {
			t.Errorf("Close: got %v after %v, want a timeout after %v", err, after, DefaultCloseTimeout)
		}
	})
}

// The connection has what its options say, and Early is read before the transport.
func TestNewConnOptions(t *testing.T) {
	for _, role := range []wire.Role{wire.Server, wire.Client} {
		t.Run(role.String(), func(t *testing.T) {
			checkLeaks(t)
			agreed := wire.ExtensionSpec{Name: "x-runs", Params: []wire.Param{{Name: "a", Value: "b"}}}
			ours, theirs := newRuns(t), newRuns(t)
			a, b := net.Pipe()
			opts := ConnOptions{
				Role: role, Subprotocol: "chat", Extension: agreed, Session: ours,
				Limits: Limits{MaxMessage: 100},
			}
			shape := peerOver(t, nil, other(role))
			whole := shape.Frame(wire.OpText, true, "early")
			cut := shape.extFrame(wire.OpBinary, true, theirs.encode("then late"))
			opts.Early = append(whole, cut[:3]...)
			a.SetDeadline(time.Now().Add(-time.Hour)) // must not affect the Conn
			c, p := newPeerOver(t, a, b, opts)
			go p.Write(cut[3:])
			for _, want := range []string{"early", "then late"} {
				if _, data, err := c.Read(bounded(t)); string(data) != want || err != nil {
					t.Fatalf("got %q, %v, want %q", data, err, want)
				}
			}
			if c.Subprotocol() != "chat" || !reflect.DeepEqual(c.Extension(), agreed) {
				t.Errorf("got subprotocol %q and extension %v, want chat and %v",
					c.Subprotocol(), c.Extension(), agreed)
			}
			if n := c.MaxMessage(); n != 100 {
				t.Errorf("got MaxMessage %d, want 100", n)
			}
			c.CloseNow()
			if ours.closes != 1 {
				t.Error("the session is not closed")
			}
		})
	}
}

// The connection's context has the values of the context passed to NewConn, but does not end
// with it.
func TestNewConnContext(t *testing.T) {
	type key struct{}
	ctx, cancel := context.WithCancel(context.WithValue(context.Background(), key{}, "value"))
	ours, theirs := net.Pipe()
	defer theirs.Close()
	c := NewConn(ctx, ours, nil)
	cancel()
	if err := c.Context().Err(); err != nil || c.Context().Value(key{}) != "value" {
		t.Errorf("got error %v and value %v, want nil and %q", err, c.Context().Value(key{}), "value")
	}
	c.CloseNow()
	if c.Context().Err() == nil {
		t.Error("the context has not ended with the connection")
	}
}

// Extension returns the agreed extension on both sides of a handshake.
func TestExtensionAccessor(t *testing.T) {
	checkLeaks(t)
	answer := wire.ExtensionSpec{Name: "x-fake", Params: []wire.Param{{Name: "a", Value: "1"}}}
	accepted := make(chan *Conn, 1)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ext := &fakeExtension{name: "x-fake", answer: &answer}
		c, err := Accept(w, r, &AcceptOptions{Extensions: []wire.Extension{ext}})
		if err != nil {
			t.Error(err)
		}
		accepted <- c
	}))
	defer server.Close()
	offered := &offeredExtension{name: "x-fake"}
	client, _, err := Dial(bounded(t), server.URL, &DialOptions{Extensions: []wire.Extension{offered}})
	if err != nil {
		t.Fatal(err)
	}
	defer client.CloseNow()
	c := <-accepted
	defer c.CloseNow()
	if !reflect.DeepEqual(client.Extension(), answer) || !reflect.DeepEqual(c.Extension(), answer) {
		t.Errorf("client has %v, server has %v, want %v", client.Extension(), c.Extension(), answer)
	}
}
