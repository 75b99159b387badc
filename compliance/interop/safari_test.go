package interop

import (
	"context"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

// The rules of Safari 15 are known from its users. It compresses with context takeover even if
// the answer forbids it, and cannot read a compressed message in several frames.
func TestSafari15(t *testing.T) {
	testPeer(t, "safari15", traits{noFragments: true, oneFrame: true}, func() peer { return newSafari() })
}

func newSafari() *simulated {
	return &simulated{
		offer:    "permessage-deflate",
		accepts:  func(string) error { return nil },
		takeover: true,
		oneFrame: true,
	}
}

// Flush sends a message in several frames, which ends the connection, as the documentation of
// Flush says. The other tests do not flush.
func TestSafari15FlushedMessage(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	p := newSafari()
	c, tap, err := accept(ctx, t, handshake{role: "client"}, p)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	w, err := c.Writer(ctx, websocket.Text)
	if err != nil {
		t.Fatal(err)
	}
	x := newExchange(ctx, t, c, tap)
	for range 20 {
		w.Write(x.log(5_000)) // the peer may have ended the connection
		w.Flush()
	}
	w.Close()
	if _, _, err := c.Read(ctx); err == nil {
		t.Error("the message was echoed")
	}
	if r := p.stop(); !strings.Contains(r.Error, "several frames") {
		t.Errorf("the peer reports %+v, want an error about several frames", r)
	}
}
