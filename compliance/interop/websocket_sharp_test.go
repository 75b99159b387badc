package interop

import (
	"errors"
	"strings"
	"testing"
)

// The client of websocket-sharp, which Unity's programs use. It wants an answer with
// server_no_context_takeover and takes one with client_no_context_takeover; any other
// parameter fails the connection. Its messages end with a final block, and what is
// larger than 1,016 bytes when compressed comes in fragments.
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
