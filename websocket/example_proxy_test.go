package websocket_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"

	"github.com/hawser-ws/hawser/websocket"
)

// A proxy requires credentials of a scheme other than Basic. The client sends them once the proxy
// has asked for them.
func ExampleDialOptions_proxyConnect() {
	server := httptest.NewServer(websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.Text, []byte("hello"))
		},
	})
	defer server.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Proxy-Authorization") != "Bearer secret" {
			w.Header().Set("Proxy-Authenticate", "Bearer")
			w.WriteHeader(http.StatusProxyAuthRequired)
			return
		}
		forward(w, r.Host)
	}))
	defer proxy.Close()
	proxyURL, err := url.Parse(proxy.URL)
	if err != nil {
		log.Fatal(err)
	}

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL, &websocket.DialOptions{
		Proxy: http.ProxyURL(proxyURL),
		ProxyConnect: func(ctx context.Context, req *http.Request, challenge *http.Response) error {
			if challenge != nil {
				fmt.Println("the proxy asks for", challenge.Header.Get("Proxy-Authenticate"))
				req.Header.Set("Proxy-Authorization", "Bearer secret")
			}
			return nil
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	_, message, err := c.Read(ctx)
	fmt.Printf("%s %v\n", message, err)
	// Output:
	// the proxy asks for Bearer
	// hello <nil>
}

// forward answers a CONNECT request for addr with a tunnel.
func forward(w http.ResponseWriter, addr string) {
	server, err := net.Dial("tcp", addr)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer server.Close()
	client, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer client.Close()
	io.WriteString(client, "HTTP/1.1 200 OK\r\n\r\n")
	go io.Copy(server, client)
	io.Copy(client, server)
}
