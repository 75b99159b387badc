package insecure

import "github.com/hawser-ws/hawser/websocket"

var _ = websocket.AcceptOptions{InsecureAnyOrigin: true}
