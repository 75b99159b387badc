package lostconn

import (
	"context"
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

func TestRefused(t *testing.T) {
	if _, _, err := websocket.Dial(context.Background(), "", nil); err == nil {
		t.Error("no error")
	}
}

func TestCleanup(t *testing.T) {
	c, _, err := websocket.Dial(context.Background(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.CloseNow() })
	if _, _, err := c.Read(context.Background()); err != nil {
		t.Fatal(err)
	}
}
