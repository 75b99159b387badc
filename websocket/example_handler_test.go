package websocket_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/hawser-ws/hawser/websocket"
)

// A server sends each message back.
func ExampleHandler() {
	echo := func(ctx context.Context, c *websocket.Conn) error {
		for m, err := range c.Messages(ctx) {
			if err != nil {
				return err
			}
			if err := c.Write(ctx, m.Type, m.Data); err != nil {
				return err
			}
		}
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("/echo", websocket.Handler{Serve: echo})
	server := httptest.NewServer(mux)
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL+"/echo", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	if err := c.Write(ctx, websocket.Text, []byte("hello")); err != nil {
		log.Fatal(err)
	}
	_, answer, err := c.Read(ctx)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", answer)
	fmt.Println(c.Close(ctx, websocket.StatusNormalClosure, ""))
	// Output:
	// hello
	// <nil>
}

// Accept is for handlers that do more than serve a WebSocket. They must close the
// connection themselves.
func ExampleAccept() {
	clock := func(w http.ResponseWriter, r *http.Request) {
		zone, err := time.LoadLocation(r.FormValue("zone"))
		if err != nil {
			http.Error(w, "no such zone", http.StatusNotFound)
			return
		}
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return // Accept has answered the request
		}
		defer c.CloseNow()
		noon := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
		text := noon.In(zone).Format("15:04 MST")
		if err := c.Write(c.Context(), websocket.Text, []byte(text)); err != nil {
			return
		}
		c.Close(c.Context(), websocket.StatusNormalClosure, "that is all")
	}
	server := httptest.NewServer(http.HandlerFunc(clock))
	defer server.Close()

	ctx := context.Background()
	c, _, err := websocket.Dial(ctx, server.URL+"?zone=UTC", nil)
	if err != nil {
		log.Fatal(err)
	}
	defer c.CloseNow()
	_, text, err := c.Read(ctx)
	fmt.Printf("%s %v\n", text, err)
	_, _, err = c.Read(ctx)
	fmt.Println(err)

	_, _, err = websocket.Dial(ctx, server.URL+"?zone=Nowhere/Land", nil)
	var refused *websocket.HandshakeError
	fmt.Println(errors.As(err, &refused) && refused.Status == http.StatusNotFound)
	// Output:
	// 12:00 UTC <nil>
	// websocket: peer closed with 1000 (normal closure): "that is all"
	// true
}

// Configure checks each request. Here, it checks the password, and Origins the page that
// connects.
func ExampleAcceptOptions() {
	handler := websocket.Handler{
		Serve: func(ctx context.Context, c *websocket.Conn) error {
			return c.Write(ctx, websocket.Text, []byte("welcome"))
		},
		Options: &websocket.AcceptOptions{
			Origins: []string{"https://*.example.com"},
			Configure: func(r *http.Request, o *websocket.AcceptOptions) error {
				if _, password, _ := r.BasicAuth(); password != "sesame" {
					return &websocket.HandshakeError{
						Status: http.StatusUnauthorized,
						Err:    errors.New("log in first"),
					}
				}
				o.Limits.MaxMessage = 64 << 10 // bytes
				return nil
			},
		},
	}
	server := httptest.NewServer(handler)
	defer server.Close()

	for _, origin := range []string{"https://app.example.com", "https://evil.example"} {
		request := &http.Request{Header: http.Header{"Origin": {origin}}}
		for _, password := range []string{"open", "sesame"} {
			request.SetBasicAuth("ali", password)
			c, response, err := websocket.Dial(context.Background(), server.URL,
				&websocket.DialOptions{Header: request.Header})
			fmt.Println(origin, password, response.StatusCode)
			if err == nil {
				c.CloseNow()
			}
		}
	}
	// Output:
	// https://app.example.com open 401
	// https://app.example.com sesame 101
	// https://evil.example open 401
	// https://evil.example sesame 403
}
