package interop

import (
	"errors"
	"strings"
	"testing"
)

// websocket-sharp is the client of many programs that use Unity. It requires an answer with
// server_no_context_takeover, accepts client_no_context_takeover, and fails the connection at
// any other parameter. Its messages end with a final block. It fragments messages of more than
// 1,016 bytes when compressed.
func TestWebsocketSharp(t *testing.T) {
	testPeer(t, "websocketsharp", traits{noSmallFragments: true}, func() peer {
		return &simulated{
			offer:   "permessage-deflate; server_no_context_takeover; client_no_context_takeover",
			accepts: sharpAccepts,
			final:   true,
			most:    1016,
		}
	})
}

func sharpAccepts(answer string) error {
	if answer == "" {
		return nil
	}
	granted := false
	for i, part := range strings.Split(answer, ";") {
		part = strings.TrimSpace(part)
		switch {
		case i == 0 && part == "permessage-deflate", part == "client_no_context_takeover":
		case part == "server_no_context_takeover":
			granted = true
		default:
			return errors.New("includes an invalid Sec-WebSocket-Extensions header")
		}
	}
	if !granted {
		return errors.New("the server has not sent server_no_context_takeover back")
	}
	return nil
}
