package neverread

import (
	"context"
	"testing"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// Tests may do without an answer.
func Test(t *testing.T) {
	c, _, err := websocket.Dial(context.Background(), "ws://localhost", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer c.CloseNow()
	time.Sleep(time.Second)
	_ = c.Write(context.Background(), websocket.Text, nil)
}
