package websocket_test

import (
	"encoding/json"
	"errors"
	"net"
	"strings"
	"testing"

	. "github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/wire"
)

type jsonValue struct {
	Name  string
	Count int `json:"count"`
}

// WriteJSON sends a text message, and ReadJSON accepts messages of both types.
func TestJSON(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Server)
	ctx := bounded(t)
	if err := c.WriteJSON(ctx, jsonValue{"ß", 3}); err != nil {
		t.Fatal(err)
	}
	p.Expect(wire.OpText, true, `{"Name":"ß","count":3}`)

	p.Send(wire.OpText, true, `{"Name": "text", "count": 1}`)
	p.Send(wire.OpBinary, false, `{"Name": "bin`)
	p.Send(wire.OpContinuation, true, `ary", "count": 2}`)
	for _, want := range []jsonValue{{"text", 1}, {"binary", 2}} {
		var got jsonValue
		if err := c.ReadJSON(ctx, &got); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

// A message that is not JSON, or not the JSON of the value's type, is an error of encoding/json
// and does no harm to the connection.
func TestJSONErrors(t *testing.T) {
	checkLeaks(t)
	c, p := newPeerWith(t, "tcp", wire.Client)
	ctx := bounded(t)
	for _, bad := range []string{"", "{", `{"count": "three"}`, "{} {}"} {
		p.Send(wire.OpText, true, bad)
		var v jsonValue
		err := c.ReadJSON(ctx, &v)
		var syntax *json.SyntaxError
		var typ *json.UnmarshalTypeError
		if !errors.As(err, &syntax) && !errors.As(err, &typ) {
			t.Errorf("%q: got %v, want an error of encoding/json", bad, err)
		}
	}
	var unsupported *json.UnsupportedTypeError
	if err := c.WriteJSON(ctx, func() {}); !errors.As(err, &unsupported) {
		t.Errorf("WriteJSON of a function: got %v, want a json.UnsupportedTypeError", err)
	}
	if err := c.WriteJSON(ctx, nil); err != nil {
		t.Fatal(err)
	}
	p.Expect(wire.OpText, true, "null")
	c.CloseNow()
	if err := c.ReadJSON(ctx, new(int)); !errors.Is(err, net.ErrClosed) {
		t.Errorf("ReadJSON after the end: got %v, want net.ErrClosed", err)
	}
	if err := c.WriteJSON(ctx, 1); !errors.Is(err, net.ErrClosed) {
		t.Errorf("WriteJSON after the end: got %v, want net.ErrClosed", err)
	}
}

// MaxMessage applies to ReadJSON too.
func TestJSONLimit(t *testing.T) {
	checkLeaks(t)
	ours, theirs := netPair(t, "tcp")
	c, p := newPeerOver(t, ours, theirs, ConnOptions{Role: wire.Client, Limits: Limits{MaxMessage: 10}})
	go func() {
		p.Send(wire.OpText, true, `"`+strings.Repeat("a", 9)+`"`)
		p.ExpectClose(StatusMessageTooBig)
		p.nc.Close()
	}()
	var s string
	if err := c.ReadJSON(bounded(t), &s); !errors.Is(err, wire.ErrMessageTooBig) {
		t.Errorf("got %q, %v, want ErrMessageTooBig", s, err)
	}
	wantReleased(t, c) // after the peer has received the close frame
}
