package insecure

import (
	"testing"

	"github.com/hawser-ws/hawser/websocket"
)

// Server is for tests.
func Server(t *testing.T) websocket.Handler {
	return websocket.Handler{Options: &websocket.AcceptOptions{InsecureAnyOrigin: true}}
}
