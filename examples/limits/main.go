// Command limits is an echo server for the internet. Every resource that a client can use has a limit: how
// often each address may connect, how many connections there are, how large a message is and how long it may
// take, how much memory all messages take together, and how long a client may be silent.
//
//	go run ./examples/limits -addr 127.0.0.1:8080
//
// SIGINT and SIGTERM shut the server down: it closes every connection with status 1001, spread over five
// seconds. It logs refused handshakes, and connections that ended without a closing handshake.
//
// The guide "Run hawser in production" explains each part.
package main

import (
	"context"
	"errors"
	"flag"
	"log"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/time/rate"

	"github.com/hawser-ws/hawser/websocket"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:8080", "listen on this `host:port`")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal kills the program
	ln, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	slog.Info("listening", "url", "ws://"+ln.Addr().String())
	if err := serve(ctx, ln); err != nil {
		log.Fatal(err)
	}
}

// serve serves on ln until ctx ends, and then shuts down.
func serve(ctx context.Context, ln net.Listener) error {
	group := &websocket.Group{MaxConns: 10_000, Spread: 5 * time.Second}
	door := newDoor(rate.Every(6*time.Second), 10)
	server := &http.Server{
		Handler:           door.limit(handler(group)),
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       30 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	return errors.Join(group.Shutdown(ctx), server.Shutdown(ctx))
}

// handler returns the echo server. Its connections belong to group.
func handler(group *websocket.Group) http.Handler {
	return websocket.Handler{
		Serve: echo,
		Options: &websocket.AcceptOptions{
			Group:  group,
			Events: logEvents(slog.Default()),
			Limits: websocket.Limits{
				PingInterval:   30 * time.Second, // and PongTimeout, 30 s by default
				MaxMessage:     64 << 10,
				MessageTimeout: 30 * time.Second,
				Budget:         websocket.NewBudget(64 << 20),
			},
		},
	}
}

func echo(ctx context.Context, c *websocket.Conn) error {
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

// logEvents returns events that log refused handshakes, and connections that ended without a closing
// handshake. Clients can cause both at will. At most one of each is logged a second, so that clients cannot
// fill the log.
func logEvents(log *slog.Logger) *websocket.Events {
	refusals, losses := rate.Sometimes{Interval: time.Second}, rate.Sometimes{Interval: time.Second}
	return &websocket.Events{
		Refused: func(r *http.Request, err *websocket.HandshakeError) {
			refusals.Do(func() { log.Warn("refused", "client", r.RemoteAddr, "err", err) })
		},
		Closed: func(c *websocket.Conn, closure websocket.Closure) {
			if !closure.Clean {
				losses.Do(func() { log.Info("lost", "client", c.RemoteAddr(), "err", closure.Err) })
			}
		},
	}
}
