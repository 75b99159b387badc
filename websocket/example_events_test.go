package websocket_test

import (
	"context"
	"log"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"

	"github.com/hawser-ws/hawser/websocket"
)

// A server writes a structured log of its connections.
func ExampleEvents() {
	logger := slog.New(slog.NewTextHandler(os.Stdout, withoutTime))
	done := make(chan struct{})
	events := &websocket.Events{
		Refused: func(r *http.Request, err *websocket.HandshakeError) {
			logger.Warn("refused", "status", err.Status, "error", err.Err)
		},
		Accepted: func(r *http.Request, c *websocket.Conn) {
			logger.Info("accepted", "path", r.URL.Path, "subprotocol", c.Subprotocol())
		},
		Closed: func(c *websocket.Conn, v websocket.Closure) {
			logger.Info("closed", "code", int(v.Received.Code), "clean", v.Clean, "read", c.Stats().MessagesRead)
			close(done)
		},
	}
	server := httptest.NewServer(websocket.Handler{
		Serve:   echo,
		Options: &websocket.AcceptOptions{Events: events},
	})
	defer server.Close()

	if resp, err := http.Get(server.URL); err == nil { // not a WebSocket
		resp.Body.Close()
	}
	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL+"/chat", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	c.Close(ctx, websocket.StatusNormalClosure, "")
	<-done
	// Output:
	// level=WARN msg=refused status=426 error="this is a WebSocket endpoint, and the request has no Upgrade field"
	// level=INFO msg=accepted path=/chat subprotocol=""
	// level=INFO msg=closed code=1000 clean=true read=1
}

// withoutTime leaves the time out of a log, so that its text is always the same.
var withoutTime = &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
	if a.Key == slog.TimeKey {
		return slog.Attr{}
	}
	return a
}}
