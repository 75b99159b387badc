package websocket_test

import (
	"net/http"

	"github.com/hawser-ws/hawser/websocket"
)

// All connections of a server share 256 MiB for messages that arrive in parts.
func ExampleNewBudget() {
	budget := websocket.NewBudget(256 << 20)
	http.Handle("/", websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Limits: websocket.Limits{Budget: budget}},
	})
}
