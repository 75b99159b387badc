package droppederr

import (
	"context"
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

// A test notices that nothing arrives.
func Test(t *testing.T) {
	new(websocket.Conn).Write(context.Background(), websocket.Text, nil)
}
