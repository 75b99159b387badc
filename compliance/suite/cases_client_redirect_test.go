package suite

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/hawser-ws/hawser/compliance/report"
)

// If a client follows a redirect, the verdict also depends on its second connection.
func TestRedirectIsFollowed(t *testing.T) {
	t.Parallel()
	for key, want := range map[string]report.Verdict{"": report.Failed,
		"AQIDBAUGBwgJCgsMDQ4PEC==": report.Informational} {
		results := testClient(t, casesMatching(t, "C.10.1"), nil, func(ctx context.Context, url string) {
			follower(ctx, url, key)
		})
		if r := results[0]; r.Behavior != want {
			t.Errorf("key %q: %s: %s", key, r.Behavior, r.Result)
		}
	}
}

// follower follows a redirect, with key in its second request. It returns short messages and the close
// frame.
func follower(ctx context.Context, url, key string) {
	const request = "GET %s HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: " +
		"Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: %s\r\n\r\n"
	host, path, _ := strings.Cut(strings.TrimPrefix(url, "ws://"), "/")
	ask := func(path, key string) (net.Conn, *bufio.Reader, *http.Response) {
		c, err := (&net.Dialer{}).DialContext(ctx, "tcp", host)
		if err != nil {
			return nil, nil, nil
		}
		fmt.Fprintf(c, request, path, key)
		br := bufio.NewReader(c)
		resp, err := http.ReadResponse(br, nil)
		if err != nil {
			c.Close()
			return nil, nil, nil
		}
		return c, br, resp
	}
	first, _, resp := ask("/"+path, "AQIDBAUGBwgJCgsMDQ4PEA==")
	if resp == nil {
		return
	}
	first.Close()
	second, br, resp := ask(resp.Header.Get("Location"), key)
	if resp == nil {
		return
	}
	defer second.Close()
	for {
		var head [2]byte
		if _, err := io.ReadFull(br, head[:]); err != nil {
			return
		}
		payload := make([]byte, head[1])
		_, _ = io.ReadFull(br, payload)
		_, _ = second.Write(append([]byte{head[0], 0x80 | head[1], 0, 0, 0, 0}, payload...))
	}
}
