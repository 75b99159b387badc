package redial_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/hawser-ws/hawser/websocket"
	"github.com/hawser-ws/hawser/websocket/redial"
	"github.com/hawser-ws/hawser/websocket/wstest"
)

// A client that prints messages until the server closes with 1000. Without the check of the code,
// it would reconnect after that, too.
func ExampleConns() {
	restarts := 0
	server := websocket.Handler{Serve: func(ctx context.Context, c *websocket.Conn) error {
		if restarts++; restarts < 3 {
			return websocket.CloseWith(websocket.StatusServiceRestart, "back soon")
		}
		return c.Write(ctx, websocket.Text, []byte("the end"))
	}}
	ctx := context.Background()
	opts := &redial.Options{
		MinWait: time.Millisecond, // for the example; leave it at 1 s
		Dial:    &websocket.DialOptions{NetDial: wstest.NetDial(server)},
	}
	for c, err := range redial.Conns(ctx, "ws://localhost/", opts) {
		if err != nil {
			log.Fatal(err)
		}
		for m, err := range c.Messages(ctx) {
			if err == nil {
				fmt.Println(string(m.Data))
			}
		}
		code := websocket.CloseStatus(c.Closure().Err)
		fmt.Println(code)
		if code == websocket.StatusNormalClosure {
			break
		}
	}
	// Output:
	// 1012 (service restart)
	// 1012 (service restart)
	// the end
	// 1000 (normal closure)
}

// A client whose token expires. The server refuses the old token with 401, and the client gets a
// new one. If the server refuses that token, too, the loop ends.
func ExampleOptions_refresh() {
	valid := 2
	server := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != fmt.Sprint("Bearer ", valid) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		websocket.Handler{Serve: func(context.Context, *websocket.Conn) error { return nil }}.ServeHTTP(w, r)
	})
	token := 1
	opts := &redial.Options{
		MinWait: time.Millisecond, // for the example; leave it at 1 s
		Dial:    &websocket.DialOptions{NetDial: wstest.NetDial(server)},
		Refresh: func(ctx context.Context, opts *websocket.DialOptions, last error) error {
			if last != nil && redial.Classify(last) == redial.Refused {
				fmt.Println("new token")
				token++ // a program would send a request with ctx, and return its error
			}
			opts.Header.Set("Authorization", fmt.Sprint("Bearer ", token))
			return nil
		},
	}
	for _, err := range redial.Conns(context.Background(), "ws://localhost/", opts) {
		if err != nil {
			fmt.Println("refused")
			continue
		}
		fmt.Println("connected")
		valid = 5 // a token that the client will not get
	}
	// Output:
	// new token
	// connected
	// new token
	// refused
}

// A log of each failed attempt and each end of a connection.
func ExampleOptions_retrying() {
	opts := &redial.Options{
		Retrying: func(err *redial.Error) {
			slog.Warn("reconnecting", "class", err.Class, "attempt", err.Attempt, "wait", err.Wait, "err", err.Err)
		},
	}
	for c, err := range redial.Conns(context.Background(), "wss://example.com/", opts) {
		if err != nil {
			slog.Error("not reconnecting", "err", err)
			break
		}
		c.CloseRead()
		<-c.Context().Done()
	}
}

// A loop without Conns.
func ExampleRetryAfter() {
	client := func(ctx context.Context, url string, use func(context.Context, *websocket.Conn) error) error {
		for failures := 0; ; failures++ {
			c, resp, err := websocket.Dial(ctx, url, nil)
			if err == nil {
				began := time.Now()
				err = use(ctx, c)
				c.CloseNow()
				if time.Since(began) > time.Minute {
					failures = 0
				}
			}
			wait, ok := redial.RetryAfter(err, resp)
			if !ok {
				return err
			}
			limit := time.Second << min(failures, 6)
			select {
			case <-time.After(wait + rand.N(limit)):
			case <-ctx.Done():
				return errors.Join(ctx.Err(), err)
			}
		}
	}
	err := client(context.Background(), "wss://example.com/", func(ctx context.Context, c *websocket.Conn) error {
		_, p, err := c.Read(ctx)
		log.Printf("%q", p)
		return err
	})
	log.Print(err)
}
