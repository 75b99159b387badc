package websocket_test

import (
	"crypto/tls"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	. "github.com/hawser-ws/hawser/websocket"
)

// A server or a proxy may refuse a request before it has read all of it. Dial returns that
// response, whether the peer then closes the connection or only stops reading.
func TestDialReadsEarlyRefusal(t *testing.T) {
	const answer = "HTTP/1.1 431 Too large\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n\r\nshorter"
	large := strings.Repeat("0123456789abcdef", 512<<10) // more than the buffers of sockets
	for _, peer := range []string{"server", "tls", "proxy"} {
		for _, drops := range []bool{false, true} {
			t.Run(peer, func(t *testing.T) {
				checkLeaks(t)
				serverTLS, clientTLS := dialTLS(t)
				ln := listen(t)
				defer ln.Close()
				dialed := make(chan struct{})
				refused := start(func() error {
					nc, err := ln.Accept()
					if err != nil {
						return err
					}
					defer nc.Close()
					nc.SetDeadline(time.Now().Add(10 * time.Second))
					if peer == "tls" {
						nc = tls.Server(nc, serverTLS)
					}
					if _, err := nc.Read(make([]byte, 100)); err != nil {
						return err
					}
					if _, err := nc.Write([]byte(answer)); err != nil {
						return err
					}
					if !drops {
						<-dialed
					}
					return nil
				})
				target := "ws://" + ln.Addr().String()
				opts := &DialOptions{Header: http.Header{"X-Large": {large}}}
				switch peer {
				case "tls":
					target, opts.TLSConfig = "wss://"+ln.Addr().String(), clientTLS
				case "proxy":
					target = "ws://example.com/"
					opts = &DialOptions{Proxy: through(&url.URL{
						Scheme: "http", Host: ln.Addr().String(), User: url.User(large),
					})}
				}
				he, resp := mustFail(t, target, opts, `"shorter"`)
				close(dialed)
				if he.Status != 431 || resp == nil || resp.StatusCode != 431 {
					t.Errorf("got %+v, response %v; want status 431 in both", he, resp)
				}
				noError(t, <-refused)
			})
		}
	}
}
